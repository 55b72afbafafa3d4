"""What a component says of itself that its signature does not tell: the names of the values that it gives.

`@gives` is read from the source by the check before a run, which imports nothing for it; so its arguments are
literals. A component without it is not judged: nothing is wrong with a name that might be there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

MODEL_OUTPUTS = "*"
"""Among the names of a task: what the model gives by name, it gives as well."""

ARGUMENTS = ("composes", "outputs", "fills")
"""What `gives` takes that names an argument of a pipeline step."""

_MARK = "__accelerator_gives__"
_Marked = TypeVar("_Marked", bound=Callable[..., Any])


@dataclass(frozen=True)
class Gives:
    """What a component gives.

    `names` are, of a data component, the fields of a batch; of a task its outputs; of a model the outputs that have a
    name; of a transform or a collate the fields that it adds. A name with a slash is a metric that it logs. `facts` are
    the names of a data component's facts, `validation_sets` those of its validation sets; None: not known. `composes`
    is, of a pipeline step, the argument whose overrides a config is composed of, `outputs` the argument that names more
    of what it gives, `fills` the argument in whose texts it fills in inputs and outputs, and `needs` the inputs of
    which it needs one; of a task, `needs` are the parts of the config that it calls.
    """

    names: tuple[str, ...] = ()
    facts: tuple[str, ...] | None = None
    validation_sets: tuple[str, ...] | None = None
    composes: str | None = None
    outputs: str | None = None
    fills: str | None = None
    needs: tuple[str, ...] | None = None


def gives(
    *names: str,
    facts: Sequence[str] | None = None,
    validation_sets: Sequence[str] | None = None,
    composes: str | None = None,
    outputs: str | None = None,
    fills: str | None = None,
    needs: Sequence[str] | None = None,
) -> Callable[[_Marked], _Marked]:
    """Declare the names of what a component gives, so that a wrong one is found before a run.

    It counts for this class or function alone, not for subclasses.

    Args:
        names: of a data component its batch fields, of a task its outputs (`*`: those of the model too), of a model the
            outputs that have names (none: it gives a tensor), of a transform the fields that it adds; with a slash, the
            metrics that it logs.
        facts: of a data component, the keys of `DataSplits.facts`.
        validation_sets: of a data component, the names of its validation sets; empty where there is one without a name.
        composes: of a pipeline step, the argument that holds overrides (`experiment=NAME`, …) by which it composes a
            config: a pipeline runs the step again when what they compose has changed.
        outputs: of a pipeline step, the argument that is a mapping by the names of what else it gives.
        fills: of a pipeline step, the argument whose texts name its inputs and outputs: `{input:NAME}`.
        needs: of a pipeline step, inputs exactly one of which must come in; of a task that calls `context.losses`,
            `loss`: a run without one is refused.

    Example:
        >>> @gives("input", "target", facts=["num_classes"], validation_sets=[])
        ... def letters():
        ...     "Return the data."
        >>> declared_by(letters).names
        ('input', 'target')
    """

    def mark(marked: _Marked) -> _Marked:
        more = {"facts": facts, "validation_sets": validation_sets, "needs": needs}
        arguments = {"composes": composes, "outputs": outputs, "fills": fills}
        setattr(marked, _MARK, read_gives(names, more, arguments))
        return marked

    return mark


def declared_by(component: Any) -> Gives | None:
    """Return what an imported component declares itself; None when it declares nothing."""
    found = getattr(component, "__dict__", {}).get(_MARK)
    return found if isinstance(found, Gives) else None


def read_gives(
    names: Sequence[str], more: Mapping[str, Sequence[str] | None], arguments: Mapping[str, str | None]
) -> Gives:
    """Return what the arguments of `gives` say."""
    lists = {name: None if listed is None else tuple(listed) for name, listed in more.items()}
    said: dict[str, Any] = {**lists, **arguments}
    return Gives(tuple(names), **said)
