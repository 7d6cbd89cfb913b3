"""What a cell took: time, tokens, memory, energy."""
