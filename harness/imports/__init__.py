"""Responses and scores that were made elsewhere, read as they are and written as cells like any other.

A reader knows its own format and not where rows go. Opens no engine and no weights.
"""
