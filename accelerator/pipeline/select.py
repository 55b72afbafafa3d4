"""The flags of a command as a selection."""

from accelerator.pipeline.selection import Selection


def select(
    *, from_: str | None = None, only: str | None = None, until: str | None = None, force: str | None = None
) -> Selection:
    """Return what the flags ask for; each names a step, or several with commas between."""
    return Selection(from_, only, until, force)
