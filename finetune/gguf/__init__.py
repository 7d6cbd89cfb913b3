"""GGUF: safetensors -> f16 -> smaller types, each measured."""
