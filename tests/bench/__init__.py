"""Benches: figures measured here, never asserted in a test."""
