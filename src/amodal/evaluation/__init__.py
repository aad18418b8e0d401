"""Measuring: translation, what people can read, retrieval; with intervals over runs."""
