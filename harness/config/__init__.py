"""Projects, suites and variants: the YAML files of a user, read, checked and begun.

Knows what a suite is made of; must not know what running it takes.
"""
