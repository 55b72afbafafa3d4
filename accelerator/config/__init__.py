"""From a command line to one checked config, and from a config node to an object. Imports no torch, numpy or MLflow."""
