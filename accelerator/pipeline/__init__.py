"""Pipelines: several steps, one config; what is done is known by its fingerprint and not done twice.

`plan` says what would run and why, `run_pipeline` runs it, each step in a process of its own; `state` is what is
written down of it.
"""
