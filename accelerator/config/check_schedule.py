"""Whether the scheduler is stepped with what its `step` takes: the newest value of a metric, or nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from accelerator.config.annotations import UNKNOWN
from accelerator.config.check_targets import Target
from accelerator.config.component_nodes import mapping_at, value_at
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.read import Reader, is_node
from accelerator.config.signatures import read_method

_MONITOR = "scheduler.monitor"


def check_schedule(config: DictConfig, targets: Sequence[Target], search: Sequence[Path], reader: Reader) -> None:
    """Note a scheduler that wants a metric and is given none, or is given one and wants none, or gets it too early."""
    entry = mapping_at(config, "scheduler")
    monitor = None if is_node(entry) or "monitor" not in entry else value_at(entry, "monitor")
    if monitor is UNKNOWN or (monitor is not None and not isinstance(monitor, str)):
        return
    target = next((item for item in targets if item.node.kind == "scheduler" and item.node.is_outermost), None)
    takes = None if target is None else read_method(target.path, ("step",), search=search)
    if target is not None and takes is not None:
        wants_value = bool(takes) and takes[0].is_required
        if wants_value and monitor is None:
            what = f"{target.path} is stepped with the value of a metric ({takes[0].name}), and {_MONITOR} names none"
            reader.add(target.node.key, what, _named(entry))
            return
        if not wants_value and monitor is not None:
            what = f"{target.path} is stepped with no metric"
            reader.add(_MONITOR, what, _removed(reader), value=monitor)
            return
    if any(problem.key == _MONITOR for problem in reader.problems):
        return
    is_each_step = "interval" not in entry or value_at(entry, "interval") == "step"
    if monitor is not None and is_each_step and monitor.startswith("validation/"):
        what = "has no value yet when the scheduler advances with the first step (scheduler.interval=step)"
        plus = "" if "interval" in entry else "+"
        reader.add(_MONITOR, what, f"Add {plus}scheduler.interval=epoch to the command, or to the file", value=monitor)


def _named(entry: Mapping[str, Any]) -> str:
    if is_node(entry):
        return "Write its long form, scheduler: {scheduler: {_target_: …}, interval: epoch, monitor: validation/loss}"
    plus = {name: "" if name in entry else "+" for name in ("monitor", "interval")}
    first, second = f"{plus['monitor']}{_MONITOR}=validation/loss", f"{plus['interval']}scheduler.interval=epoch"
    return f"Add {first} and {second} to the command, or the keys to the file"


def _removed(reader: Reader) -> str:
    typed = reader.provenance.place_of(_MONITOR) == COMMAND_LINE
    return f"Leave {_MONITOR} out" if typed else f"Remove it there, or add {_MONITOR}=null to the command"
