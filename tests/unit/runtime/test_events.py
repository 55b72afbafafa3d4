"""The order in which a run announces itself, and who hears it in which order."""

from collections.abc import Sequence
from typing import Any

import pytest

from accelerator.config.schema import LoaderConfig
from accelerator.errors import ComponentError
from accelerator.runtime.context import Context
from accelerator.runtime.events import EVENTS, Callback, compile_events, order_callbacks
from tests.unit.runtime.runs import At, Hear, Stop, break_off, run, tiny_context

BATCH = ["batch_start", "backward_end", "batch_end"]
STEP = [*BATCH, "step_start", "step_end"]
VALIDATION = ["validation_start", "validation_batch_end", "validation_batch_end", "validation_end"]
TEST = ["test_start", "test_batch_end", "test_batch_end", "test_end"]


def heard_by(**options: Any) -> list[str]:
    hear = Hear()
    callbacks = {"hear": hear, **options.pop("callbacks", {})}
    context = tiny_context(callbacks=callbacks, loader=options.pop("loader", LoaderConfig(batch_size=16)), **options)
    run(context)
    return hear.heard


def test_a_run_announces_everything_in_the_order_of_the_contract() -> None:
    heard = heard_by(record=True)

    epoch = ["epoch_start", *STEP, *STEP, "validation_start", "validation_batch_end", "validation_end", "epoch_end"]
    test = ["test_start", "test_batch_end", "test_end"]
    assert heard == ["run_start", *[*epoch, "checkpoint_save"] * 2, *test, "run_end"]


def test_micro_batches_and_validation_within_an_epoch_are_announced_in_their_places() -> None:
    loader = LoaderConfig(batch_size=16, micro_batch_size=8, evaluation_batch_size=8)
    heard = heard_by(train={"epochs": 1, "validate_every": "1st"}, loader=loader)

    step = [*BATCH, *BATCH, "step_start", "step_end", *VALIDATION]
    assert heard == ["run_start", "epoch_start", *step, *step, "epoch_end", *TEST, "run_end"]


def test_a_requested_stop_ends_the_epoch_validates_saves_and_tests() -> None:
    stop = At(1, lambda context: context.request_stop("enough"))
    heard = heard_by(callbacks={"stop": stop}, record=True)

    validation = ["validation_start", "validation_batch_end", "validation_end"]
    end = ["test_start", "test_batch_end", "test_end", "stop", "run_end"]
    assert heard == ["run_start", "epoch_start", *STEP, *validation, "checkpoint_save", "epoch_end", *end]


def test_an_exception_is_announced_before_the_end() -> None:
    hear = Hear()
    context = tiny_context(callbacks={"hear": hear, "break": At(2, break_off)}, record=True)

    with pytest.raises(Stop):
        run(context)

    assert hear.heard == ["run_start", "epoch_start", *STEP, *STEP, "exception", "run_end"]
    assert isinstance(context.state.error, Stop)


def test_an_end_that_fails_is_not_announced_twice() -> None:
    class Failing(Hear):
        def on_run_end(self, context: Context) -> None:
            self.hear("run_end", context)
            raise Stop

    hear = Failing()
    with pytest.raises(Stop):
        run(tiny_context(callbacks={"hear": hear}))

    assert hear.heard[-2:] == ["run_end", "exception"]
    assert hear.heard.count("run_end") == 1


def test_what_a_callback_raises_at_an_exception_does_not_hide_it() -> None:
    class Failing(Callback):
        def on_exception(self, context: Context) -> None:
            raise ValueError("another one")

    with pytest.raises(Stop):
        run(tiny_context(callbacks={"break": At(1, break_off), "fail": Failing()}))


def test_hooks_find_the_state_of_the_moment() -> None:
    seen: dict[str, Any] = {}

    class Look(Callback):
        def on_batch_end(self, context: Context) -> None:
            seen.setdefault("batch", (sorted(context.state.batch or {}), context.state.result is not None))
            seen.setdefault("split", context.state.split)

        def on_step_start(self, context: Context) -> None:
            seen.setdefault("gradient", next(context.model.parameters()).grad is not None)

        def on_validation_end(self, context: Context) -> None:
            seen.setdefault("validation", (context.state.split, "validation/loss" in context.state.metrics))

        def on_checkpoint_save(self, context: Context) -> None:
            assert context.state.checkpoint is not None
            seen.setdefault("checkpoint", context.state.checkpoint.name)

        def on_epoch_end(self, context: Context) -> None:
            seen.setdefault("epoch", (context.state.epoch, "train/epoch_loss" in context.state.metrics))

        def on_run_start(self, context: Context) -> None:
            seen.setdefault("planned", (context.state.num_steps, context.state.num_epochs))

    run(tiny_context(callbacks={"look": Look()}, record=True))

    assert seen == {
        "batch": (["input", "target"], True),
        "split": "train",
        "gradient": True,
        "validation": ("validation", True),
        "checkpoint": "step-00000004",
        "epoch": (0, True),
        "planned": (8, 2),
    }


def test_without_listeners_every_event_is_an_empty_tuple() -> None:
    events = compile_events({"silent": Callback()})

    assert [events.of(event) for event in EVENTS] == [()] * len(EVENTS)


def test_the_names_of_the_events_are_frozen() -> None:
    assert " ".join(EVENTS) == (
        "run_start run_end epoch_start epoch_end batch_start batch_end backward_end step_start step_end "
        "validation_start validation_batch_end validation_end test_start test_batch_end test_end "
        "predict_start predict_batch_end predict_end checkpoint_save checkpoint_load exception stop"
    )


def test_an_unknown_hook_is_refused_with_the_nearest_event() -> None:
    class Typo(Callback):
        def on_step_ended(self, context: Context) -> None:
            pass

    with pytest.raises(ComponentError, match=r"callback 'mine' \(.*Typo\) defines on_step_ended, .* 'step_end'"):
        compile_events({"mine": Typo()})


def test_what_is_no_callback_is_refused() -> None:
    with pytest.raises(ComponentError, match="callback 'mine' is a dict, not a Callback. Derive the class from accel"):
        compile_events({"mine": {}})  # type: ignore[dict-item]


class Placed(Callback):
    def __init__(self, before: Sequence[str] = (), after: Sequence[str] = ()) -> None:
        self.before, self.after = tuple(before), tuple(after)


def test_callbacks_keep_their_order_but_for_what_before_and_after_demand() -> None:
    callbacks = {"a": Placed(after=["c"]), "b": Placed(), "c": Placed(), "d": Placed(before=["b"])}

    assert order_callbacks(callbacks) == ["c", "a", "d", "b"]
    assert order_callbacks({"a": Placed(before=["absent"], after=["gone"]), "b": Placed()}) == ["a", "b"]


def test_callbacks_that_each_want_to_come_first_are_refused() -> None:
    with pytest.raises(ComponentError, match="The callbacks a, b each want to come before the other. Change `before`"):
        order_callbacks({"a": Placed(before=["b"]), "b": Placed(before=["a"]), "c": Placed()})


def test_a_state_that_nobody_takes_back_is_an_error() -> None:
    class Forgetful(Callback):
        pass

    Forgetful().load_state_dict({})
    with pytest.raises(ComponentError, match="Forgetful was saved with a state but does not load one. Define load_st"):
        Forgetful().load_state_dict({"steps": 1})
