"""The ground floor: what every room may use. Imports no room."""
