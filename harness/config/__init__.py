"""Suites and variants as YAML files."""
