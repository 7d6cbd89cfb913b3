"""Figures of ratings and preferences, with their names. docs/judges.md defines each."""
