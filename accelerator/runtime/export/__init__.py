"""Trained models in forms that others load: the call that is exported, how it is traced, and the file formats."""
