"""The tests, one folder a room; what several of them need stands in tests/support."""
