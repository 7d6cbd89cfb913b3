"""What several tests need: models made in seconds, servers, results for a board."""
