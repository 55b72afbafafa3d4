"""Pages and pictures from data."""
