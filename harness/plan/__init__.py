"""What a suite needs and what of it is there."""
