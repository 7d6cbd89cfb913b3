"""Proctor: an evaluation-first benchmark harness for small language models that do school maths."""
