"""Splits, loaders and the randomness that belongs to a sample."""
