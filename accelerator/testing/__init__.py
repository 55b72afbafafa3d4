"""Fakes for tests of components: a tiny model, tiny data, a journal in memory."""
