"""What the loop announces, and how callbacks hear it.

The order of a run (CONTRACT.md, section 4):

    run_start
      epoch_start
        batch_start  backward_end  batch_end          for each micro-batch
        step_start   step_end                         after the last backward of a step
        validation_start  validation_batch_end*  validation_end
        checkpoint_save
      epoch_end
    test_start  test_batch_end*  test_end
    exception | stop
    run_end

Which callback listens to which event is worked out once (`compile_events`): an event is a tuple of bound methods,
and one that nobody listens to costs an empty loop.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from accelerator.errors import ComponentError, did_you_mean

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

EVENTS = (
    "run_start",
    "run_end",
    "epoch_start",
    "epoch_end",
    "batch_start",
    "batch_end",
    "backward_end",
    "step_start",
    "step_end",
    "validation_start",
    "validation_batch_end",
    "validation_end",
    "test_start",
    "test_batch_end",
    "test_end",
    "predict_start",
    "predict_batch_end",
    "predict_end",
    "checkpoint_save",
    "checkpoint_load",
    "exception",
    "stop",
)

Hook: TypeAlias = "Callable[[Context], None]"


class Callback:
    """Base of what listens to a run: define `on_<event>(self, context)` for any of `EVENTS`.

    `context.state` holds the epoch, step, batch, result, metrics, checkpoint and error of the moment. `before` and
    `after` name callbacks that must hear every event later or earlier than this one. A callback with a memory
    returns it from `state_dict` (tensors, numbers, strings, lists, dicts) and takes it back in `load_state_dict`:
    it is then saved with every checkpoint.

    Example:
        >>> class CountSteps(Callback):
        ...     def __init__(self):
        ...         self.steps = 0
        ...
        ...     def on_step_end(self, context):
        ...         self.steps += 1
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def state_dict(self) -> dict[str, Any]:
        """Return what must survive a resume; nothing by default."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        if state:
            raise ComponentError(
                f"{type(self).__name__} was saved with a state but does not load one. "
                f"Define load_state_dict beside state_dict."
            )


class Events:
    """For each event the tuple of bound methods that hear it, in order. Read as `events.step_end`."""

    __slots__ = EVENTS

    run_start: tuple[Hook, ...]
    run_end: tuple[Hook, ...]
    epoch_start: tuple[Hook, ...]
    epoch_end: tuple[Hook, ...]
    batch_start: tuple[Hook, ...]
    batch_end: tuple[Hook, ...]
    backward_end: tuple[Hook, ...]
    step_start: tuple[Hook, ...]
    step_end: tuple[Hook, ...]
    validation_start: tuple[Hook, ...]
    validation_batch_end: tuple[Hook, ...]
    validation_end: tuple[Hook, ...]
    test_start: tuple[Hook, ...]
    test_batch_end: tuple[Hook, ...]
    test_end: tuple[Hook, ...]
    predict_start: tuple[Hook, ...]
    predict_batch_end: tuple[Hook, ...]
    predict_end: tuple[Hook, ...]
    checkpoint_save: tuple[Hook, ...]
    checkpoint_load: tuple[Hook, ...]
    exception: tuple[Hook, ...]
    stop: tuple[Hook, ...]

    def of(self, event: str) -> tuple[Hook, ...]:
        """Return the hooks of an event given by name (`validation_end`)."""
        hooks: tuple[Hook, ...] = getattr(self, event)
        return hooks


def compile_events(callbacks: Mapping[str, Callback]) -> Events:
    """Work out which callback hears which event, in an order that keeps every `before` and `after`.

    Raises:
        ComponentError: a hook that no event has, a callback that is no `Callback`, or an order that runs in a ring.
    """
    for name, callback in callbacks.items():
        _check(name, callback)
    ordered = [callbacks[name] for name in order_callbacks(callbacks)]
    events = Events()
    for event in EVENTS:
        hooks = tuple(getattr(item, f"on_{event}") for item in ordered if f"on_{event}" in _hooks_of(type(item)))
        setattr(events, event, hooks)
    return events


def order_callbacks(callbacks: Mapping[str, Callback]) -> list[str]:
    """Return the names in the order given, changed only as far as `before` and `after` demand.

    Raises:
        ComponentError: the demands contradict each other.
    """
    earlier: dict[str, set[str]] = {name: set() for name in callbacks}
    for name, callback in callbacks.items():
        earlier[name].update(other for other in callback.after if other in callbacks)
        for other in callback.before:
            if other in callbacks:
                earlier[other].add(name)
    ordered: list[str] = []
    while len(ordered) < len(callbacks):
        free = next((name for name in callbacks if name not in ordered and earlier[name] <= set(ordered)), None)
        if free is None:
            ring = ", ".join(sorted(set(callbacks) - set(ordered)))
            raise ComponentError(
                f"The callbacks {ring} each want to come before the other. Change `before` or `after` of one of them."
            )
        ordered.append(free)
    return ordered


def _check(name: str, callback: Any) -> None:
    if not isinstance(callback, Callback):
        raise ComponentError(
            f"callback '{name}' is a {type(callback).__name__}, not a Callback. "
            f"Derive the class from accelerator.Callback."
        )
    for hook in _hooks_of(type(callback)):
        event = hook.removeprefix("on_")
        if event not in EVENTS:
            raise ComponentError(
                f"callback '{name}' ({type(callback).__qualname__}) defines {hook}, but there is no event '{event}'. "
                f"{did_you_mean(event, EVENTS, most=len(EVENTS))}"
            )


def _hooks_of(kind: type) -> list[str]:
    return [name for name in dir(kind) if name.startswith("on_")]
