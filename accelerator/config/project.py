"""Where a project lies, and the folders that configs are searched in.

The order of search is fixed: the project's own `configs/`, those of plugins, ours. The first file of a name wins.
"""

import importlib.util
import logging
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from accelerator.components import Component, Registry

CONFIGS = "configs"
_SHIPPED_IN_WHEEL = "_configs"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Project:
    """The user's project: the folder that configs, runs and data belong to."""

    root: Path

    @property
    def configs(self) -> Path:
        """The folder of the project's own configs, whether it exists or not."""
        return self.root / CONFIGS

    @property
    def module_folders(self) -> tuple[Path, Path]:
        """The folders that the project's modules lie in, in the order in which Python looks: the root, then `src/`."""
        return self.root, self.root / "src"

    def absolute(self, path: str | Path) -> Path:
        """Return a path of a config as an absolute one: relative paths start at the project root."""
        return (self.root / Path(path).expanduser()).resolve()

    @property
    def flag(self) -> tuple[str, ...]:
        """The words that name this project in a command typed in the present working folder; none where it is found."""
        return () if find_project().root == self.root else ("--project", str(self.root))

    def put_on_path(self) -> None:
        """Make the project's modules importable: its folders go to the front of `sys.path`, once."""
        for folder in reversed(self.module_folders):
            if folder.is_dir() and str(folder) not in sys.path:
                sys.path.insert(0, str(folder))


@dataclass(frozen=True)
class ConfigSource:
    """One folder of configs, and who provides it: `project`, `accelerator`, or a plugin's distribution."""

    provider: str
    path: Path


def find_project(start: Path | None = None) -> Project:
    """Return the project that `start` (the working folder when None) belongs to.

    It is the nearest folder upwards with a `pyproject.toml` or a `configs/`, else `start` itself. A run folder is no
    project, whatever lies in it: it may come from a stranger.
    """
    folder = _outside_of_runs((start or Path.cwd()).resolve())
    for candidate in (folder, *folder.parents):
        if (candidate / "pyproject.toml").is_file() or (candidate / CONFIGS).is_dir():
            return Project(candidate)
    return Project(folder)


def holds_run(folder: Path) -> bool:
    """Tell whether a folder is one that a run has written to; whoever made it, it is data."""
    has_record = (folder / "summary.json").is_file() or (folder / "journal").is_dir()
    return has_record or ((folder / "config.yaml").is_file() and (folder / "checkpoints").is_dir())


def _outside_of_runs(folder: Path) -> Path:
    """Return the folder itself, or the one that holds the outermost run folder around it."""
    runs = [candidate for candidate in (folder, *folder.parents) if holds_run(candidate)]
    return runs[-1].parent if runs else folder


def shipped_configs() -> Path:
    """Return our own folder of configs: inside the package in a wheel, at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    in_wheel = package / _SHIPPED_IN_WHEEL
    return in_wheel if in_wheel.is_dir() else package.parent / CONFIGS


def search_path(project: Project, registry: Registry) -> tuple[ConfigSource, ...]:
    """Return the folders that configs are searched in, first wins; each folder stands there once.

    A plugin whose folder of configs is not there is passed over, with a warning: it breaks nothing but itself.
    """
    sources = []
    if project.configs.is_dir():
        sources.append(ConfigSource("project", project.configs.resolve()))
    for item in registry.config_packages():
        folder = _folder_of(item)
        if folder is None:
            _warn_of_missing(item)
        else:
            sources.append(ConfigSource(item.distribution, folder))
    sources.append(ConfigSource("accelerator", shipped_configs()))
    kept: dict[Path, ConfigSource] = {}  # in our own checkout the project's configs are the shipped ones
    for source in sources:
        kept.setdefault(source.path, source)
    return tuple(kept.values())


@cache  # once a process: a check of all experiments composes dozens of times
def _warn_of_missing(item: Component) -> None:
    _log.warning(
        "%s declares its configs as '%s', and there is no such folder: they are passed over. "
        "Repair or reinstall %s, or uninstall it.",
        *(item.distribution, item.target, item.distribution),
    )


def _folder_of(item: Component) -> Path | None:
    """Locate `package.folder` through the top-level package alone: finding a spec of that imports nothing."""
    top, *rest = item.target.replace(":", ".").replace("/", ".").split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # no name of a package, or one that is being imported
        return None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place, *rest)
        if folder.is_dir():
            return folder.resolve()
    return None
