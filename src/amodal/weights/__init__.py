"""The weights that ship with the package: safetensors, each with its card beside it."""
