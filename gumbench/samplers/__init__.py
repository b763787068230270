"""Samplers of category indices; one file a sampler."""
