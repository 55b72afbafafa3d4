"""The command line: parse, call one function of `accelerator.experiment`, print. No logic of its own."""
