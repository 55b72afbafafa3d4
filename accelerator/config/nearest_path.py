"""The dotted path that was meant, for one that leads nowhere: read from source, without importing anything."""

from collections.abc import Sequence
from pathlib import Path

from accelerator.config.source_modules import names_in, read_module
from accelerator.errors import nearest


def nearest_path(path: str, search: Sequence[Path] = ()) -> str:
    """Return the path most like `path` that is there; "" when each of its names is, or none is like a wrong one.

    Args:
        path: `package.module.Class`.
        search: folders to look in before `sys.path`.

    Example:
        >>> nearest_path("accelerator.domain.cross.mpl.MPL")
        'accelerator.domain.cross.mlp.MLP'
    """
    names = path.split(".")
    meant = names[:1]
    for name in names[1:]:
        module = read_module(".".join(meant), tuple(search))
        if module is None:  # below a class, or without a source
            return ".".join([*meant, *names[len(meant) :]]) if meant != names[: len(meant)] else ""
        known = names_in(module)
        right = name if name in known else nearest(name, sorted(known))
        if not right:
            return ""
        meant.append(right)
    return ".".join(meant) if meant != names else ""


def guess_path(path: str, search: Sequence[Path] = ()) -> str:
    """Return `Did you mean 'package.module.Class'? `, or "" when nothing is like it."""
    meant = nearest_path(path, search)
    return f"Did you mean '{meant}'? " if meant else ""
