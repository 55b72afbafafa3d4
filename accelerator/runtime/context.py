"""The one object that everything about a run hangs on, made at the start and passed through every stage.

Life cycle: *created* (settings are known, nothing is built) -> *built* (all parts exist; happens on the first look at
one of them, or by `build`) -> *running* (inside `TrainLoop.run` or an evaluation) -> *closed* (workers ended, process
settings put back). The loop writes `state`; tasks and callbacks read it, and call `log…` and `request_stop`.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

import torch
from omegaconf import DictConfig

from accelerator.config.interval import Interval
from accelerator.config.project import find_project
from accelerator.config.schema import CheckpointConfig, LoaderConfig, PathsConfig, TrainConfig
from accelerator.errors import AcceleratorError, ComponentError
from accelerator.runtime.artifacts import image_bytes
from accelerator.runtime.assembly import PARTS, assemble, disassemble
from accelerator.runtime.data.loader import Loader
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.engine.engine import Engine
from accelerator.runtime.events import Callback, Events
from accelerator.runtime.from_config import ConfigParts
from accelerator.runtime.from_objects import Given, object_parts
from accelerator.runtime.losses import Losses
from accelerator.runtime.metrics import Metrics
from accelerator.runtime.optimization import Optimization, Schedule
from accelerator.runtime.parts import PartsSource
from accelerator.runtime.scalars import ScalarLog, checked_value
from accelerator.runtime.settings import Settings
from accelerator.runtime.state import TrainState
from accelerator.runtime.task import Task

if TYPE_CHECKING:
    from accelerator.runtime.checkpoint.resume import Resumption
    from accelerator.runtime.recorder import Recorder

Status = Literal["created", "built", "running", "closed"]


@final
class Context:
    """Configuration, parts, device, distributed state and training state of one run.

    Made from a config by `Context.from_config`, or in Python from objects:

        context = Context(model=model, loss=torch.nn.CrossEntropyLoss(), data=DataSplits(train=train, test=test),
                          optimizer=torch.optim.AdamW(model.parameters(), lr=1e-3), batch_size=32)

    Attributes:
        settings: the plain values of the run.
        state: where the run stands.
        config: the composed config; None for a context made from objects.
        status: where in its life this context is.
        recorder: the open run folder while the run is running and recorded, else None.
        resumption: what this run goes on from (`prepare_resume`); None for a new run.
        notes: what was switched on, a few words each.
    """

    settings: Settings
    state: TrainState
    config: DictConfig | None
    status: Status
    recorder: "Recorder | None"
    resumption: "Resumption | None"
    _source: PartsSource
    _is_building: bool
    _run_folder: Path | None
    _logged: dict[str, list[tuple[Any, str]]]
    # The parts, there once the context is built.
    engine: Engine
    data: DataSplits
    task: Task
    losses: Losses
    metrics: Mapping[str, Metrics]
    model: torch.nn.Module
    optimization: Optimization
    callbacks: Mapping[str, Callback]
    events: Events
    train_loader: Loader | None
    evaluation_loaders: Mapping[str, Mapping[str, Loader]]
    scalars: ScalarLog
    notes: tuple[str, ...]
    monitor: str
    trained: list[torch.nn.Parameter]
    touches_gradients: bool
    step_schedules: tuple[Schedule, ...]
    epoch_schedules: tuple[Schedule, ...]
    has_train_metrics: bool
    full_step_items: int | None
    random_before: dict[str, Any]

    def __init__(
        self,
        *,
        model: torch.nn.Module,
        loss: Any,
        data: Any,
        optimizer: Any,
        scheduler: Any = None,
        task: Any = None,
        metrics: Mapping[str, Any] | None = None,
        callbacks: Mapping[str, Callback] | None = None,
        transforms: Any = None,
        sample_transforms: Any = None,
        engine: Engine | None = None,
        batch_size: int = 64,
        loader: LoaderConfig | None = None,
        checkpoint: CheckpointConfig | None = None,
        train: TrainConfig | None = None,
        seed: int = 0,
        name: str = "run",
        record: bool = True,
    ) -> None:
        """Make a context from objects.

        Args:
            model: the model.
            loss: a callable, or several by name.
            data: DataSplits, or one dataset to train on.
            optimizer: an optimizer over the model's parameters, or several by name.
            scheduler: a scheduler (stepped every step), a `Schedule`, or several by optimizer name.
            task: what a batch means; without one the model is called with the field `input`.
            metrics: metrics by name, fed with `prediction` and `target`; or `MetricTerm`s.
            callbacks: callbacks by name.
            transforms: batch transforms by name for training, or `Transforms`.
            sample_transforms: the same on samples.
            engine: the engine; without one, the fastest device there is.
            batch_size: samples of one optimizer step.
            loader: everything about batches, instead of `batch_size`.
            checkpoint: what is saved and kept.
            train: lengths and intervals; `TrainLoop`'s own arguments win.
            seed: one seed for everything.
            name: the run's name.
            record: whether the run has a folder.
        """
        given = Given(
            model, loss, data, optimizer, scheduler, task, metrics, callbacks, transforms, sample_transforms, engine
        )
        project = find_project()
        settings = Settings(
            project=project,
            output=project.absolute(PathsConfig().output),
            name=name,
            seed=seed,
            train=train or TrainConfig(),
            loader=loader or LoaderConfig(batch_size=batch_size),
            checkpoint=checkpoint or CheckpointConfig(),
            record=record,
        )
        self._start(object_parts(given, project), settings, None)

    @classmethod
    def from_config(cls, config: DictConfig, *, components: Iterable[Any] = ()) -> "Context":
        """Make a context from a composed config.

        Args:
            config: what `accelerator.compose` returns.
            components: objects marked with `@component`, for names of this session.

        Raises:
            ConfigError: values that cannot be; parts are built, and their arguments checked, later.
        """
        source = ConfigParts(config, components)
        context = cls.__new__(cls)
        context._start(source, source.settings, source.config)
        return context

    def _start(self, source: PartsSource, settings: Settings, config: DictConfig | None) -> None:
        self._source = source
        self._is_building = False
        self._run_folder = None
        self._logged = {}
        self.settings = settings
        self.config = config
        self.state = TrainState()
        self.status = "created"
        self.recorder = None
        self.resumption = None

    def build(self) -> None:
        """Build every part, once. Looking at a part (`context.model`) does the same.

        Raises:
            ConfigError: a part cannot be built.
            AcceleratorError: the context is closed.
        """
        if self.status == "closed":
            raise AcceleratorError("This context is closed. Make a new one for another run.")
        if self.status != "created" or self._is_building:
            return
        self._is_building = True
        try:
            assemble(self, self._source)
        finally:
            self._is_building = False
        self.status = "built"

    def close(self) -> None:
        """End workers and put process settings back; safe to call twice."""
        if self.status in ("built", "running"):
            disassemble(self)
        self.status = "closed"

    def __getattr__(self, name: str) -> Any:
        """Build on the first look at a part; after that it is a plain attribute, which costs the loop nothing."""
        if name in PARTS and not self._is_building:
            if self.status == "closed":
                raise AcceleratorError(f"context.{name}: this context is closed. Make a new one for another run.")
            self.build()
            return self.__dict__[name]
        raise AttributeError(f"Context has no attribute '{name}'")

    @property
    def device(self) -> torch.device:
        """Where the model and the batches are."""
        return self.engine.device

    @property
    def rank(self) -> int:
        """This process among `world_size`."""
        return self.engine.rank

    @property
    def world_size(self) -> int:
        """Processes that train together."""
        return self.engine.world_size

    @property
    def run_folder(self) -> Path | None:
        """The run folder, from the start of the run on, also after it; None for a run that is not recorded."""
        return self._run_folder

    def log(self, name: str, value: Any, *, every: str | None = None, reduce: str = "mean") -> None:
        """Log a number or a scalar tensor; it stays on the device until the next log interval.

        Args:
            name: the metric's name; without a `/` it is put under the current split (`train/grad_norm`).
            value: a number or a scalar tensor.
            every: an interval of its own (`10st`, `1ep`) instead of `train.log_every`; in training only.
            reduce: how values between two points become one: mean, sum, min, max or last. In evaluation the values
                of the whole pass become one.

        Raises:
            ComponentError: `reduce` or `every` is malformed, or the value is not one number.
        """
        full = name if "/" in name else f"{self.state.split}/{name}"
        if self.state.split != "train":
            self._logged.setdefault(full, []).append((checked_value(full, value, reduce), reduce))
            return
        if every is not None:
            self.scalars.set_interval(full, _interval(name, every))
        self.scalars.add(full, value, self.state.step, reduce)

    def log_text(self, name: str, text: str) -> None:
        """Keep a text beside the run and send it to the tracker; no effect without a run folder."""
        self._log_file(
            name if Path(name).suffix else f"{name}.txt", lambda path: path.write_text(text, encoding="utf-8")
        )

    def log_image(self, name: str, image: Any) -> None:
        """Keep a picture as PNG: `(channels, height, width)` or `(height, width)`, uint8 or floats in 0..1."""
        self._log_file(f"{name}.png", lambda path: path.write_bytes(image_bytes(image, name)))

    def log_figure(self, name: str, figure: Any) -> None:
        """Keep a matplotlib figure as PNG."""
        self._log_file(f"{name}.png", lambda path: figure.savefig(path, format="png"))

    def log_file(self, name: str, path: str | Path) -> None:
        """Keep a copy of a file beside the run and send it to the tracker."""
        self._log_file(name, lambda copy: shutil.copyfile(path, copy))

    def open_recorder(self, recorder: "Recorder | None") -> None:
        """Take the open run folder for a running run; None for one that is not recorded. For the loop."""
        self.recorder = recorder
        self.status = "running"
        if recorder is not None:
            self._run_folder = recorder.folder.path

    def request_stop(self, reason: str) -> None:
        """Ask the loop to end training after the current step; the final test still runs."""
        self.state.stop_reason = reason

    def _log_file(self, name: str, write: Callable[[Path], object]) -> None:
        if self.recorder is not None:
            with self.recorder.artifact(name, self.state.step) as path:
                write(path)


def _interval(name: str, text: str) -> Interval:
    try:
        return Interval.parse(text)
    except ValueError as error:
        raise ComponentError(f"context.log('{name}', every='{text}'): {error}.") from error
