"""What a distribution declares, and where that stands: what looking into them and remembering have in common."""

import os
import sys
from typing import NamedTuple

GROUP_PREFIX = "accelerator."
ENTRY_POINTS = "entry_points.txt"
_INFO = (".dist-info", "egg-info")


class Declaration(NamedTuple):
    """One entry point of a group `accelerator.<kind>`."""

    kind: str
    name: str
    target: str
    distribution: str


def is_only_on_path() -> bool:
    """Tell whether nothing but the folders of `sys.path` gives distributions."""
    return len([item for item in sys.meta_path if getattr(item, "find_distributions", None) is not None]) == 1


def infos_in(folder: str) -> list[str]:
    """Return the names of what describes a distribution in a folder, sorted; OSError when it is none."""
    return sorted(name for name in os.listdir(folder) if name.lower().endswith(_INFO))
