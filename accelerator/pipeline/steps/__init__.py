"""The steps that ship: what `accelerator experiment` does, and any command, as components of a pipeline.

Each is called as `(inputs, step_context) -> outputs`, works in the process that calls it, and writes below
`step_context.folder` alone: its run folder too.
"""
