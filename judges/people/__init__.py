"""What people say: ratings, preferences, and a rubric refined with advice. Must not know tasks."""
