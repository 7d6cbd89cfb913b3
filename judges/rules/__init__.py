"""What rules measure in a study plan, without a model."""
