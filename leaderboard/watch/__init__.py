"""A run looked at while it goes on: what is done, what is being asked, and the board as far as it is."""
