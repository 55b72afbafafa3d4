"""The version that is installed. Imported when it is asked for: `importlib.metadata` takes 40 ms."""

from importlib import metadata

_DISTRIBUTION = "accelerator-framework"


def version() -> str:
    """Return the version of accelerator, as its distribution says it."""
    return metadata.version(_DISTRIBUTION)
