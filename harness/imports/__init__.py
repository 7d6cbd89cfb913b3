"""Answers and scores that were made elsewhere, read as they are and written as cells like any other."""
