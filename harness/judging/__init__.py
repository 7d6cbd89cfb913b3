"""Judges at work: which plans and labels exist already, a judge on trial, and the tools around them.

Knows judges, graders and cells; must not know what stands in a rubric or how a card is checked.
"""
