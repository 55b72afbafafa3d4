"""The version that is installed. Imported when it is asked for: `importlib.metadata` takes 40 ms."""

from importlib import metadata

from accelerator.runs.environment import OUR_DISTRIBUTION


def version() -> str:
    """Return the version of accelerator, as its distribution says it."""
    return metadata.version(OUR_DISTRIBUTION)
