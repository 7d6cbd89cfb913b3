"""Figures of agreement and preference, on marks and verdicts that exist already. docs/judges.md defines each."""
