"""Whether what parts of a config say of each other is so: monitored metrics, and the inputs of losses, metrics, model.

Judged is what is declared: `@gives` of the task, the data, the model, transforms and callbacks. Where one of them does
not say what it gives, a name that might come from it is not complained about.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, final

from omegaconf import DictConfig

from accelerator.config.check_targets import Target
from accelerator.config.component_nodes import mapping_at, plain, value_at
from accelerator.config.declared import MODEL_OUTPUTS, Gives
from accelerator.config.metric_names import MetricNames
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.read import Reader, is_node
from accelerator.errors import did_you_mean, nearest

_ADDS_FIELDS = ("sample_transform", "collate", "transform")


@final
class References:
    """Checks references by what the targets of a config declare."""

    def __init__(self, config: DictConfig, targets: Sequence[Target], reader: Reader) -> None:
        self._config = config
        self._targets = {target.node.key: target for target in targets}
        self._reader = reader

    @property
    def facts(self) -> Collection[str] | None:
        """The facts that the data tells the model; None when it does not say."""
        data = self._gives("data")
        return None if data is None else data.facts

    def check(self) -> None:
        """Note every reference to what nothing gives."""
        self._monitors()
        self._inputs()

    def _gives(self, key: str) -> Gives | None:
        target = self._targets.get(key)
        return None if target is None else target.gives

    def _of_kinds(self, kinds: Collection[str]) -> list[Target]:
        found = self._targets.values()
        return [item for item in found if item.node.kind in kinds and item.node.is_outermost]

    def _monitors(self) -> None:
        names = self._metric_names()
        if value_at(self._config, "train") is not None and mapping_at(self._config, "train").get("validate_every"):
            self._monitor("checkpoint.monitor", mapping_at(self._config, "checkpoint").get("monitor"), names, ())
        logged = self._logged()
        if logged is None:  # who knows what they log
            return
        scheduler = mapping_at(self._config, "scheduler")
        if not is_node(scheduler):
            self._monitor("scheduler.monitor", scheduler.get("monitor"), names, logged)
        for target in self._of_kinds(["callback"]):
            if "monitor" in target.node.node:
                self._monitor(f"{target.node.key}.monitor", value_at(target.node.node, "monitor"), names, logged)

    def _monitor(self, key: str, monitor: Any, names: MetricNames, logged: Collection[str]) -> None:
        if not isinstance(monitor, str) or names.has(monitor) or monitor in logged:
            return
        known = [*names.known, *logged]
        what = f"is nothing that a declared metric or loss gives. {did_you_mean(monitor, known, most=20)}"
        close = nearest(monitor, known) or "validation/loss"
        self._reader.add(key, what, self._change(key, close) + ", or add the metric", value=monitor)

    def _metric_names(self) -> MetricNames:
        losses = [str(name) for name, node in mapping_at(self._config, "loss").items() if node is not None]
        data = self._gives("data")
        sets = None if data is None else data.validation_sets
        return MetricNames(losses, {name: self._splits(name) for name in mapping_at(self._config, "metric")}, sets)

    def _splits(self, name: str) -> Collection[str]:
        node = mapping_at(self._config, "metric", name)
        splits = plain(value_at(node, "on")) if "on" in node else ["validation", "test"]
        return splits if node and isinstance(splits, list) else []

    def _logged(self) -> tuple[str, ...] | None:
        """Return the metrics that the task and the callbacks log; None when one of them does not say."""
        found = [target.gives for target in self._of_kinds(["task", "callback"])]
        if None in found:
            return None
        return tuple(name for item in found if item is not None for name in item.names if "/" in name)

    def _inputs(self) -> None:
        fields, outputs = self._fields(), self._outputs()
        for key in ("loss", "metric"):
            for name in mapping_at(self._config, key):
                entry = mapping_at(self._config, key, name)
                if fields is not None and outputs is not None and not is_node(entry) and "inputs" in entry:
                    self._names(f"{key}.{name}.inputs", value_at(entry, "inputs"), [*outputs, *fields])
        task = self._targets.get("task")
        if task is not None and task.gives is not None and fields is not None and "inputs" in task.node.node:
            self._names("task.inputs", value_at(task.node.node, "inputs"), fields)

    def _names(self, key: str, inputs: Any, known: Sequence[str]) -> None:
        for name in _listed(plain(inputs)):
            if name not in known and name.partition(".")[0] not in known:
                what = f"'{name}' is given neither by the task nor by the data"
                if key == "task.inputs":
                    what = f"'{name}' is no field of the data"
                close = nearest(name, known)
                remedy = f"Write '{close}' instead" if close else "Name one of them"
                self._reader.add(key, f"{what}. {did_you_mean(name, known)}", remedy, value=inputs)

    def _fields(self) -> list[str] | None:
        """Return the fields of a batch; None when the data, or what changes its batches, does not say."""
        sources = [self._gives("data"), *(target.gives for target in self._of_kinds(_ADDS_FIELDS))]
        if None in sources:
            return None
        return [name for item in sources if item is not None for name in item.names]

    def _outputs(self) -> list[str] | None:
        task, model = self._gives("task"), self._gives("model")
        if task is None or (MODEL_OUTPUTS in task.names and model is None):
            return None
        own = [name for name in task.names if name != MODEL_OUTPUTS and "/" not in name]
        return [*own, *(model.names if model is not None and MODEL_OUTPUTS in task.names else ())]

    def _change(self, key: str, value: str) -> str:
        if self._reader.provenance.place_of(key) == COMMAND_LINE:
            return f"Write {key}={value}"
        return f"Change it there, or add {key}={value} to the command"


def _listed(inputs: Any) -> Iterator[str]:
    values: Any = inputs.values() if isinstance(inputs, Mapping) else inputs if isinstance(inputs, list) else ()
    return (name for name in values if isinstance(name, str))
