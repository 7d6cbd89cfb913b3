"""The embedded model and the script that made it."""
