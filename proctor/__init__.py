"""Proctor: an evaluation-first benchmark harness for small language models that do school maths."""

__version__ = "0.2.0"
