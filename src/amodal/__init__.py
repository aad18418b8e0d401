"""Align and translate between frozen models from a handful of matched examples."""
