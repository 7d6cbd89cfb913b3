"""Merge: adapter into base."""
