"""What a suite needs and what of it is there. Reads definitions and digests; must not know engines or responses."""
