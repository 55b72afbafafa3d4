"""Whether losses and metrics are called with as many values as they take, and a task that needs a loss has one.

What a loss or metric is called with is the number of its `inputs`; what it takes, its `forward`, `__call__` or
`update` says in the source. Where that does not tell, nothing is complained about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from accelerator.config.arguments import Call, is_called_later
from accelerator.config.check_targets import Target
from accelerator.config.component_nodes import mapping_at, plain, value_at
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.read import Reader, is_node
from accelerator.config.schema import LossEntry
from accelerator.config.signatures import (
    POSITIONAL_ONLY,
    POSITIONAL_OR_KEYWORD,
    VAR_POSITIONAL,
    Parameter,
    read_method,
)

_CALLED = {"loss": ("forward", "__call__"), "metric": ("update",)}
"""The methods by which each batch comes in."""

_DEFAULT = LossEntry.inputs
"""What loss and metric are called with where an entry names no inputs."""


def check_calls(config: DictConfig, targets: Sequence[Target], search: Sequence[Path], reader: Reader) -> None:
    """Note each loss and metric that is called with too few or too many values, and a loss that is missing."""
    by_key = {target.node.key: target for target in targets}
    task = by_key.get("task")
    if task is not None and task.gives is not None and "loss" in (task.gives.needs or ()):
        _needs_loss(config, task, reader)
    for kind in _CALLED:
        for name in mapping_at(config, kind):
            entry = mapping_at(config, kind, name)
            key = f"{kind}.{name}"
            target = by_key.get(key if is_node(entry) else f"{key}.{kind}")
            takes = None if target is None else _taken(target, search)
            inputs = _inputs(entry)
            if takes is not None and inputs is not None and not takes.fits(len(inputs)):
                _note(key, entry, takes, reader)


def _needs_loss(config: DictConfig, task: Target, reader: Reader) -> None:
    terms = mapping_at(config, "loss")
    if any(value_at(terms, name) is not None for name in terms):
        return
    what = f"there is none to train on, and the task ({task.path}) needs one"
    for name in terms:
        is_typed = reader.provenance.place_of(f"loss.{name}") == COMMAND_LINE
        remedy = f"Leave loss.{name}=null out" if is_typed else f"Remove {name}: null there"
        reader.add(f"loss.{name}", what, f"{remedy}, or add another loss")
    if not terms:
        reader.add("loss", what, "Choose one, such as loss=cross_entropy")


@dataclass(frozen=True)
class _Takes:
    """What a loss or metric is called with: how many values, by position."""

    who: str
    parameters: Sequence[Parameter]

    @property
    def positional(self) -> list[Parameter]:
        return [item for item in self.parameters if item.kind in (POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD)]

    @property
    def fewest(self) -> int:
        return sum(item.is_required for item in self.positional)

    @property
    def most(self) -> int | None:
        return None if any(item.kind == VAR_POSITIONAL for item in self.parameters) else len(self.positional)

    def fits(self, count: int) -> bool:
        return self.fewest <= count and (self.most is None or count <= self.most)

    def example(self) -> str:
        """Return inputs that fit, as an override writes them."""
        names = _DEFAULT[: self.most] if self.fits(len(_DEFAULT[: self.most])) else ("…",) * self.fewest
        return f"[{','.join(names)}]"

    def __str__(self) -> str:
        most = self.fewest if self.most is None else self.most
        many = (
            f"at least {most}" if self.most is None else f"{self.fewest} to {most}" * (self.fewest < most) or str(most)
        )
        names = ", ".join(item.name if item.is_required else f"{item.name}=…" for item in self.positional)
        return f"{self.who} takes {many} value{'s' * (most != 1)}" + f" ({names})" * bool(names)


def _taken(target: Target, search: Sequence[Path]) -> _Takes | None:
    """Return what is called with the inputs: a method of what a class makes, or a function itself."""
    node, signature = target.node, target.signature
    if signature is None or node.num_positional or (signature.is_class and node.is_partial):
        return None
    if signature.is_class:
        method = read_method(target.path, _CALLED[node.kind], search=search)
        return None if method is None else _Takes(target.path, method)
    call = Call(node.key, target.path, node.arguments)
    if not is_called_later(node.kind, signature, call):
        return None
    names = [item.name for item in signature.parameters]
    bound = [place for place, name in enumerate(names) if name in call.values]
    return _Takes(target.path, signature.parameters[: min(bound, default=None)])


def _note(key: str, entry: Mapping[str, Any], takes: _Takes, reader: Reader) -> None:
    """Note an entry whose number of inputs does not fit."""
    where, example = f"{key}.inputs", takes.example()
    if not _names_inputs(entry):
        kind, _, name = key.partition(".")
        remedy = f"Write its long form, {name}: {{{kind}: {{_target_: …}}, inputs: {example}}}"
        what = f"{takes}, and where no inputs stand it is called with {' and '.join(_DEFAULT)}"
        reader.add(key, what, remedy if is_node(entry) else f"Add +{where}={example} to the command")
        return
    count = len(value_at(entry, "inputs"))
    remedy = f"Change it there, or add {where}={example} to the command"
    if reader.provenance.place_of(where) == COMMAND_LINE:
        remedy = f"Write {where}={example}"
    what = f"{takes}, and {count or 'none'} {'is' if count < 2 else 'are'} named"
    reader.add(where, what, remedy, value=value_at(entry, "inputs"))


def _inputs(entry: Mapping[str, Any]) -> list[str] | None:
    """Return the inputs of an entry; None where they are not known."""
    given = plain(value_at(entry, "inputs")) if _names_inputs(entry) else list(_DEFAULT)
    return given if isinstance(given, list) and all(isinstance(item, str) for item in given) else None


def _names_inputs(entry: Mapping[str, Any]) -> bool:
    return not is_node(entry) and "inputs" in entry
