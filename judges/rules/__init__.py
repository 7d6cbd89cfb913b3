"""What rules measure in a study plan, without a model. Knows plain facts of a pupil; must not know tasks."""
