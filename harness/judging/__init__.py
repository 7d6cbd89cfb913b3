"""Judges at work: who grades, which plans and labels exist already, and the tools around them."""
