"""The study of real latents: sets in a folder, drawn into tasks, solved by methods, in tables."""
