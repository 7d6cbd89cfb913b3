"""Requests to engines, responses kept, scores given."""
