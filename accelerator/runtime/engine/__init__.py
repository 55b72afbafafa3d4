"""Device, precision and parallelism, behind one interface."""
