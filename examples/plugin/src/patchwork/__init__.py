"""A plugin for Accelerator: components found by name through the entry points in pyproject.toml."""
