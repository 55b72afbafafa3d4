"""What a config may name: registered components, the user's project, and what stands in `trust`.

A config is data that may come from a stranger. A target is allowed when it is a registered component, or a dotted
path whose first package is the user's project, belongs to a distribution that declares components, or stands in
`trust`. From anything but the user's own code only classes are taken that fit where they stand (`torch.nn.Linear`
where a model is wanted, never `torch.load`); a function is taken when it is registered, defined in the user's project,
or written out in full in `trust`. Names are judged before anything is imported (`refuse_path`), the object after
(`refuse_object`): by what it is and where it was defined, whatever the path was that led to it.

Code that lies in a run folder, or in the same folder of the project as the run whose config is judged, is not the
project's: it came with the run.
"""

import dataclasses
import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.components import KINDS, Registry
from accelerator.config.project import Project, holds_run
from accelerator.errors import with_article

OUR_DISTRIBUTION, OUR_PACKAGE = "accelerator-framework", "accelerator"

_MODULE = "torch.nn.modules.module.Module"
_DATASET = "torch.utils.data.dataset.Dataset"
_TRANSFORM = "torchvision.transforms.v2._transform.Transform"
# What fits a kind, by the dotted path of the base class: compared by name along the class's ancestors, so that judging
# a class imports nothing that the class itself has not imported. Of the other kinds only registered components are
# taken, and functions that are written out.
_BASES_OF_KIND = {
    "model": (_MODULE,),
    "data": (_DATASET, "accelerator.runtime.data.splits.DataSplits"),
    "task": ("accelerator.runtime.task.Task",),
    "loss": (_MODULE,),
    "metric": ("torchmetrics.metric.Metric", "accelerator.runtime.metrics.Metric"),
    "optimizer": ("torch.optim.optimizer.Optimizer",),
    "scheduler": ("torch.optim.lr_scheduler.LRScheduler",),
    "transform": (_MODULE, _TRANSFORM),
    "sample_transform": (_MODULE, _TRANSFORM),
    "collate": (_MODULE,),
    "sampler": ("torch.utils.data.sampler.Sampler",),
    "callback": ("accelerator.runtime.events.Callback",),
    "engine": ("accelerator.runtime.engine.engine.Engine",),
}
_BASES = frozenset(base for bases in _BASES_OF_KIND.values() for base in bases) | {
    "torch.distributions.distribution.Distribution"
}
# Data sets of trusted packages that unpickle files, whose names a config may choose: those of datapipes by their
# default decoder, LSUN its cache of keys. CIFAR's pickles have a checksum in the class.
_UNPICKLING = ("torch.utils.data.datapipes.", "torchvision.datasets.lsun.")
# Where the loop needs the base class, a class of the project must have it too, before it is called.
_STRICT_KINDS = ("model", "task", "engine", "optimizer")


@dataclass(frozen=True)
class Trust:
    """The policy of the present project. The config that is being judged has no say in it."""

    names: tuple[str, ...]
    project_root: Path | None
    registry: Registry
    run_folder: Path | None = None
    """The run whose config is judged; None for a config of the project's own."""

    def refuse_path(self, path: str) -> str:
        """Return "" when the dotted path may be imported, else why not and what to add."""
        if not all(part.isidentifier() and not part.startswith("__") for part in path.split(".")):
            return f"{path!r} is no dotted path of a class or function. Write one, such as torch.nn.Linear"
        package = path.partition(".")[0]
        if self._is_registered(path) or self._covers(path) or package in self._plugin_packages():
            return ""
        places = list(self._places(path))
        foreign = next((place for place in places if self._came_with_a_run(place)), None)
        if foreign is not None:
            return (
                f"'{path}' is not trusted: {foreign} came with a run, and what comes with a run is not called. "
                f"Move the code to a folder of the project that holds no runs"
            )
        if places:
            return ""
        return (
            f"'{path}' is not trusted: a config may name registered components, the project's own code and what "
            f"`trust` lists ({', '.join(self.names) or 'nothing'}). To allow it, add '{path}' to `trust` in the "
            f"project's configs/main.yaml"
        )

    def refuse_object(self, found: Any, path: str, kind: str = "") -> str:
        """Return "" when the imported object may be called, else why not and what to add.

        Args:
            found: what `path` led to.
            path: the dotted path, as the config has it.
            kind: the kind of component that is wanted; "" for a nested node, where every kind will do.
        """
        if path in self.names or self._is_registered(path):
            return ""
        is_class = inspect.isclass(found)
        if self._is_of_project(found):
            is_strict = is_class and kind in _STRICT_KINDS
            return _misfit(path, kind) if is_strict and not _has_base(found, _BASES_OF_KIND[kind]) else ""
        if not is_class or not (_has_base(found, _BASES) or self._is_plain_data(found, path)):
            is_function = inspect.isroutine(found)
            what = "a class" if is_class else "a function" if is_function else "neither class nor function"
            return _no_component(path, what)
        if self._unpickles(found):
            return (
                f"'{path}' is of a module whose data sets unpickle what lies in files, which may be a stranger's code. "
                f"To allow it, write '{path}' out in full in `trust` in the project's configs/main.yaml"
            )
        origin = f"{found.__module__}.{found.__qualname__}"
        if origin != path and self.refuse_path(origin):
            return f"'{path}' leads to {self.refuse_path(origin)}"
        if kind in KINDS and not _has_base(found, _BASES_OF_KIND.get(kind, ())):
            return _misfit(path, kind)
        return ""

    def refuse_source(self, path: str, file: Path | None, names: Sequence[str] | None, kind: str = "") -> str:
        """Return the same of what has not been imported, as far as its source tells; "" where it does not.

        Args:
            path: the dotted path, as the config has it.
            file: where it is defined.
            names: full names of the class and of all above it; () for a function, None where the source does not tell.
            kind: as for `refuse_object`.
        """
        if path in self.names or self._is_registered(path) or names is None:
            return ""
        places = [place.resolve() for place in self._places(path.partition(".")[0])]
        is_own = file is not None and any(file.resolve().is_relative_to(place) for place in places)
        if is_own and (not names or kind not in _STRICT_KINDS):
            return ""
        if not names:
            return _no_component(path, "a function")
        wanted = _BASES_OF_KIND.get(kind, names)
        return "" if any(name in wanted for name in names) else _misfit(path, kind)

    def _is_registered(self, path: str) -> bool:
        return any(item.path == path and item.kind in KINDS for item in self.registry.declared)

    def _covers(self, path: str) -> bool:
        return any(path == name or path.startswith(f"{name}.") for name in self.names)

    def _is_of_project(self, found: Any) -> bool:
        """Tell whether an object was defined in the project: its module's file lies there, whatever it is called."""
        name = getattr(found, "__module__", None) or ""
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is None or name.partition(".")[0] == OUR_PACKAGE or self._came_with_a_run(Path(file)):
            return False
        places = list(self._places(name.partition(".")[0]))
        return any(Path(file).resolve().is_relative_to(place.resolve()) for place in places)

    def _places(self, path: str) -> Iterator[Path]:
        """Yield the folders and the file of the project that importing the path would read, outermost first."""
        for base in _bases(self.project_root):
            folder = base
            for part in path.split("."):
                file = folder / f"{part}.py"
                folder = folder / part
                if folder.is_dir():
                    yield folder
                    continue
                if file.is_file():
                    yield file
                break

    def _came_with_a_run(self, place: Path) -> bool:
        return came_with_a_run(place, self.project_root, self.run_folder)

    def _is_plain_data(self, found: type, path: str) -> bool:
        """Tell whether a class only holds values: a dataclass of a plugin, or a public one with no code of its own.

        Not ours: the policy itself is made of such. A library's private ones are parts of compilers and launchers,
        which load libraries and start programs when they are made.
        """
        package = found.__module__.partition(".")[0]
        if not dataclasses.is_dataclass(found) or package == OUR_PACKAGE:
            return False
        if package in self._plugin_packages():
            return True
        return not _has_private_part(path) and not _runs_when_made(found)

    def _unpickles(self, found: type) -> bool:
        """Tell whether a class, but for a plugin's, is or is made of one whose module opens pickles of any origin."""
        if found.__module__.partition(".")[0] in self._plugin_packages() - {OUR_PACKAGE}:
            return False
        return any(f"{base.__module__}.".startswith(_UNPICKLING) for base in found.__mro__)

    def _plugin_packages(self) -> set[str]:
        """Return the packages of distributions that declare components; ours also declares classes of torch's own."""
        strangers = [item for item in self.registry.declared if item.distribution != OUR_DISTRIBUTION]
        return {OUR_PACKAGE, *(item.target.partition(":")[0].partition(".")[0] for item in strangers)}


def came_with_a_run(place: Path, project_root: Path | None, run_folder: Path | None) -> bool:
    """Tell whether a file lies in a run folder, or in the folder of the project where the judged run lies."""
    root = None if project_root is None else project_root.resolve()
    inside = [item for item in (place, *place.parents) if root is not None and item.resolve().is_relative_to(root)]
    if any(holds_run(item) for item in inside if item.resolve() != root):
        return True
    return run_folder is not None and _shares_folder(place, run_folder, _bases(project_root))


def _bases(root: Path | None) -> tuple[Path, ...]:
    """Return the folders of a project that are on `sys.path`."""
    return () if root is None else Project(root).module_folders


def _shares_folder(place: Path, run: Path, bases: tuple[Path, ...]) -> bool:
    """Tell whether both lie in the same folder directly below the innermost of `bases` that holds both."""
    place, run = place.resolve(), run.resolve()
    for base in (base.resolve() for base in reversed(bases)):  # `src/` lies in the root
        if place.is_relative_to(base) and run.is_relative_to(base) and place != base and run != base:
            return place.relative_to(base).parts[0] == run.relative_to(base).parts[0]
    return False


def _has_base(found: type, bases: frozenset[str] | tuple[str, ...]) -> bool:
    return any(f"{base.__module__}.{base.__qualname__}" in bases for base in found.__mro__)


def _has_private_part(path: str) -> bool:
    return any(part.startswith("_") for part in path.split("."))


def _runs_when_made(found: type) -> bool:
    """Tell whether making a dataclass runs more than what `dataclass` has written: setting its fields."""
    own = [base for base in found.__mro__ if base is not object]
    if any(name in vars(base) for base in own for name in ("__post_init__", "__new__")):
        return True
    made = getattr(found.__init__, "__code__", None)  # type: ignore[misc]
    return made is None or made.co_filename != "<string>"


def _no_component(path: str, what: str) -> str:
    return (
        f"'{path}' is {what} that is no component: from a trusted package a config may name modules, data sets, "
        f"optimizers, schedulers, metrics and the like. To allow it, write '{path}' out in full in `trust` in the "
        f"project's configs/main.yaml"
    )


def _misfit(path: str, kind: str) -> str:
    names = " or ".join(dict.fromkeys(base.rpartition(".")[2] for base in _BASES_OF_KIND.get(kind, ())))
    needed = f"{with_article(names)} is needed there" if names else "only registered components are taken there"
    return (
        f"'{path}' is a class that is no {kind}: {needed}. Name another, or write '{path}' out in full in `trust` in "
        f"the project's configs/main.yaml"
    )
