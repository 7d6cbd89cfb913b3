"""Tables for a paper or a README."""
