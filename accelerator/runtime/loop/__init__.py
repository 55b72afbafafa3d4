"""The loops that move data through a context and announce events."""
