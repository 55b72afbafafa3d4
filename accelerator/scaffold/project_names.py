"""What a new project is called: its distribution and its package, from the name of its folder."""

import importlib.util
import keyword
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

_SUFFIX = "_project"
_NAMELESS = "my_project"
# What lies beside the package in a project, and packages that configs trust, whether they are installed or not.
_TAKEN = frozenset(
    "accelerator build conftest configs data dist docs outputs scripts src test tests "
    "kornia timm torch torchmetrics torchvision transformers".split()
)


@dataclass(frozen=True)
class ProjectNames:
    """The names of a project. `reason` says why the package is not called as the folder is; "" when it is."""

    title: str
    package: str
    reason: str = ""

    @property
    def distribution(self) -> str:
        """The name in `pyproject.toml`: the package's, with hyphens."""
        return self.package.replace("_", "-")


def names_of(root: Path) -> ProjectNames:
    """Return the names for a project in the folder `root`, which need not exist.

    A package is called as its folder, in small letters, with `_` for what is no letter or digit. One that would hide
    another package, and a word of Python's own, gets `_project` behind it.
    """
    folder = root.name
    ascii_name = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode("ascii")
    package = re.sub(r"[^a-z0-9]+", "_", ascii_name.lower()).strip("_")
    if not package:
        return ProjectNames(folder or _NAMELESS, _NAMELESS, f"'{folder}' has no letters from a to z")
    if package[0].isdigit():
        package = f"project_{package}"
    reason = _why_not(package, root)
    return ProjectNames(folder, f"{package}{_SUFFIX}" if reason else package, reason)


def _why_not(package: str, root: Path) -> str:
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return f"'{package}' is a word of Python's own"
    if package in sys.stdlib_module_names:
        return f"'{package}' is a module of Python's own, which it would hide"
    if package in _TAKEN or _is_installed(package, root):
        return f"there is another package '{package}', which it would hide"
    return ""


def _is_installed(package: str, root: Path) -> bool:
    """Tell whether a package of that name can be imported; one of the project itself, or a bare folder, is none."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and not Path(spec.origin).is_relative_to(root)
