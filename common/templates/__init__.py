"""Templates that came from elsewhere: in a process of their own, with bounds."""
