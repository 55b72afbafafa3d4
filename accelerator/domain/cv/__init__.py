"""Computer vision: data, models and transforms for images."""
