"""Cells -> estimates, differences, verdicts."""
