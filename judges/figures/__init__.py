"""Figures of ratings and preferences, by the names in docs/judges.md. Knows files of ratings; must not know judges."""
