"""Export: a GGUF and all that others need to use it."""
