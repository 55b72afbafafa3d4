"""One function for each thing that can be done with an experiment or a run."""
