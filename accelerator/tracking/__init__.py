"""Sinks that a run's journal is carried to, and the forwarder process that carries it."""
