"""What a model or a data set is like, as data."""
