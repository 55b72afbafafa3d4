"""What a step says of itself before it runs: by which overrides it composes a config, whether it makes a run.

What they compose decides, with all else, whether the step is done.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.components import Registry, is_bare_name
from accelerator.config.component_nodes import TARGET
from accelerator.config.declared import Gives
from accelerator.config.declared_source import read_declared
from accelerator.config.pipeline_config import StepConfig
from accelerator.config.project import Project
from accelerator.pipeline.outputs import RUN

KIND = "pipeline_step"
EXPERIMENT = "experiment"


def composing_overrides(step: StepConfig, project: Project, registry: Registry) -> tuple[str, ...] | None:
    """Return the overrides of the config that a step works by; None for a step that composes none.

    An experiment does, and a component whose `@gives(composes=...)` names the argument that holds them.
    """
    if step.experiment is not None:
        return (f"{EXPERIMENT}={step.experiment}", *step.overrides)
    node = step.node or {}
    declared = _declared(node, project, registry)
    if declared is None or declared.composes is None:
        return None
    overrides = node.get(declared.composes)
    return tuple(map(str, overrides)) if isinstance(overrides, Sequence) and not isinstance(overrides, str) else ()


def makes_run(step: StepConfig, project: Project, registry: Registry) -> bool:
    """Tell whether a step makes a run of its own: an experiment does, and a component whose `@gives` names one."""
    if step.experiment is not None:
        return True
    declared = _declared(step.node or {}, project, registry)
    return declared is not None and RUN in declared.names


def _declared(node: Mapping[str, Any], project: Project, registry: Registry) -> Gives | None:
    name = str(node.get(TARGET, ""))
    path = registry.find(name, KIND).path if is_bare_name(name) or "::" in name else name
    return read_declared(path, project.module_folders)
