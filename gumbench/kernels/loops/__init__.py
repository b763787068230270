"""Compiled loops over batches and blocks."""
