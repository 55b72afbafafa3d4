"""What a config may name: registered components, the user's project, and what stands in `trust`.

A config is data that may come from a stranger. A target is allowed when it is a registered component, or a dotted
path whose first package is the user's project, belongs to a distribution that declares components, or stands in
`trust`. From anything but the user's own code only classes that fit a component are taken (`torch.nn.Linear`, never
`torch.load`); a function is taken when it is registered, defined in the user's project, or written out in full in
`trust`. Names are judged before anything is imported (`refuse_path`), the object after (`refuse_object`).
"""

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.components import Registry

OUR_DISTRIBUTION, OUR_PACKAGE = "accelerator-framework", "accelerator"

# What fits a component, by the dotted path of the base class: compared by name along the class's ancestors, so that
# judging a class imports nothing that the class itself has not imported.
_BASES = frozenset(
    {
        "torch.nn.modules.module.Module",
        "torch.utils.data.dataset.Dataset",
        "torch.utils.data.sampler.Sampler",
        "torch.optim.optimizer.Optimizer",
        "torch.optim.lr_scheduler.LRScheduler",
        "torchmetrics.metric.Metric",
        "torchvision.transforms.v2._transform.Transform",
        "torch.distributions.distribution.Distribution",
        "accelerator.runtime.events.Callback",
        "accelerator.runtime.task.Task",
        "accelerator.runtime.engine.engine.Engine",
        "accelerator.runtime.data.splits.DataSplits",
        "accelerator.runtime.metrics.Metric",
    }
)


@dataclass(frozen=True)
class Trust:
    """The policy of the present project. The config that is being judged has no say in it."""

    names: tuple[str, ...]
    project_root: Path | None
    registry: Registry

    def refuse_path(self, path: str) -> str:
        """Return "" when the dotted path may be imported, else why not and what to add."""
        package = path.partition(".")[0]
        if self._is_registered(path) or self._covers(path) or package in self._plugin_packages():
            return ""
        if self._is_project_package(package):
            return ""
        return (
            f"'{path}' is not trusted: a config may name registered components, the project's own code and what "
            f"`trust` lists ({', '.join(self.names) or 'nothing'}). To allow it, add '{path}' to `trust` in the "
            f"project's configs/main.yaml"
        )

    def refuse_object(self, found: Any, path: str) -> str:
        """Return "" when the imported object may be called, else why not and what to add."""
        if path in self.names or self._is_registered(path):
            return ""
        if self._is_of_project(found):
            return ""
        if inspect.isclass(found) and any(f"{base.__module__}.{base.__qualname__}" in _BASES for base in found.__mro__):
            return ""
        what = (
            "a class" if inspect.isclass(found) else "a function" if callable(found) else "neither class nor function"
        )
        return (
            f"'{path}' is {what} that is no component: from a trusted package a config may name modules, data sets, "
            f"optimizers, schedulers, metrics and the like. To allow it, write '{path}' out in full in `trust` in the "
            f"project's configs/main.yaml"
        )

    def _is_registered(self, path: str) -> bool:
        return any(item.path == path for item in self.registry.declared)

    def _covers(self, path: str) -> bool:
        return any(path == name or path.startswith(f"{name}.") for name in self.names)

    def _is_project_package(self, package: str) -> bool:
        return bool(self._places(package))

    def _is_of_project(self, found: Any) -> bool:
        """Tell whether an object was defined in the project: its module's file lies there, whatever it is called."""
        name = getattr(found, "__module__", None) or ""
        file = getattr(sys.modules.get(name), "__file__", None)
        places = self._places(name.partition(".")[0])
        return file is not None and any(Path(file).resolve().is_relative_to(place.resolve()) for place in places)

    def _places(self, package: str) -> list[Path]:
        """Return where the project has a package or module of this name."""
        root = self.project_root
        if root is None or not package.isidentifier():
            return []
        bases = (root, root / "src")
        folders = [base / package for base in bases if (base / package).is_dir()]
        return folders + [base / f"{package}.py" for base in bases if (base / f"{package}.py").is_file()]

    def _plugin_packages(self) -> set[str]:
        """Return the packages of distributions that declare components; ours also declares classes of torch's own."""
        strangers = [item for item in self.registry.declared if item.distribution != OUR_DISTRIBUTION]
        return {OUR_PACKAGE, *(item.target.partition(":")[0].partition(".")[0] for item in strangers)}
