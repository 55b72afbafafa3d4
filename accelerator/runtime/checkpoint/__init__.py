"""Checkpoints: folders that are complete or absent, and load without running foreign code."""
