"""What a cell took: time, tokens, memory, energy. Must not know how weights are made, nor what is done with figures."""
