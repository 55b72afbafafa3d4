"""`pipeline.json`: how a pipeline stands. Whoever shows a pipeline (its page, MLflow, `status`) reads this file alone.

It lies at `<paths.output>/pipelines/<name>/<stamp>/pipeline.json`, has one writer (the process that holds
`pipeline.lock` beside it), and is written whole at each change. `read_state` also tells a pipeline that has died:
`running` without a living holder of the lock.

| key | holds |
|---|---|
| `format_version` · `name` · `status` | 1; the pipeline's name; running, completed, failed, interrupted, died |
| `folder` | where it lay when this was written: paths below its output root are read as they are where that lies now |
| `started` · `ended` · `seconds` | wall times (ISO 8601 with zone), and the time of this command alone |
| `overrides` · `command` | as typed, secrets masked; the command to go on with |
| `steps` | one object a step, in the order in which they are run: `StepState` |
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from accelerator.errors import StorageError
from accelerator.leaves import map_leaves
from accelerator.pipeline.outputs import METRICS, PATHS, TYPES, Output
from accelerator.pipeline.typed_fields import made_of
from accelerator.runs.files import json_ready, number_from_json, read_json, write_json
from accelerator.runs.lock import is_held

FORMAT_VERSION = 1
STATE_FILE, LOCK_FILE = "pipeline.json", "pipeline.lock"

WAITING = "waiting"
"""Not begun: what it needs was not there, or the command left it out."""
RUNNING = "running"
RAN = "ran"
SKIPPED = "skipped"
"""Nothing that it depends on has changed: what it gave before is used."""
FAILED = "failed"
INTERRUPTED = "interrupted"
STEP_STATES = (WAITING, RUNNING, RAN, SKIPPED, FAILED, INTERRUPTED)
DONE = (RAN, SKIPPED)

COMPLETED, DIED = "completed", "died"


@dataclass(frozen=True)
class Source:
    """Where one input of a step came from."""

    key: str
    """The input: `weights`, or `values[0]` inside a list."""
    step: str | None = None
    """The step that gave it; None for a value or path of the config's own."""
    output: str | None = None
    """What that step calls it: `checkpoint.best`."""
    value: Any = None
    """The path or value that came in, as text or JSON; None before it is known."""
    hash: str = ""
    is_path: bool = False
    """Whether the value is the path of a file, a folder, a run or a checkpoint."""


@dataclass(frozen=True)
class StepState:
    """How one step stands."""

    name: str
    kind: str = "experiment"
    """`experiment`, or `step` for a registered component."""
    uses: str = ""
    """The experiment's name, or the component's."""
    state: str = WAITING
    reason: str = ""
    """Why it runs, was skipped or failed, in words."""
    fingerprint: str | None = None
    folder: str | None = None
    """The step's own folder: `output.txt` in it holds what its process printed. None of a step that was skipped."""
    run_folder: str | None = None
    """The run that it made, or, when it was skipped, the run that it is taken from."""
    skipped_from: str | None = None
    """Of a skipped step: the pipeline's folder that it ran in."""
    skipped_step: str | None = None
    """Of a skipped step: what that pipeline called it."""
    inputs: tuple[Source, ...] = ()
    outputs: Mapping[str, Output] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """The steps whose outputs it asks for."""
    attempts: int = 0
    started: str | None = None
    seconds: float | None = None
    """Of all attempts; of a skipped step None."""


@dataclass(frozen=True)
class PipelineState:
    """How a pipeline stands."""

    name: str
    status: str = RUNNING
    started: str = ""
    ended: str | None = None
    seconds: float = 0.0
    overrides: tuple[str, ...] = ()
    command: str = ""
    steps: tuple[StepState, ...] = ()
    definition: str = ""
    """A hash of the pipeline's config with the command's overrides: the same command goes on with the same folder."""
    folder: Path = Path()
    """Where it lies: `<output root>/pipelines/<name>/<stamp>`."""

    def step(self, name: str) -> StepState:
        """Return the step of that name; KeyError when there is none."""
        found = {item.name: item for item in self.steps}
        return found[name]

    def with_step(self, step: StepState) -> "PipelineState":
        """Return the state with one step replaced."""
        return replace(self, steps=tuple(step if item.name == step.name else item for item in self.steps))

    def to_json(self) -> dict[str, Any]:
        """Return what the file holds."""
        return {"format_version": FORMAT_VERSION, **json_ready({**asdict(self), "folder": str(self.folder)})}


def write_state(state: PipelineState) -> None:
    """Write `pipeline.json`. Only for the holder of the pipeline's lock.

    Raises:
        StorageError: the disk refuses; the old file is untouched.
    """
    write_json(state.folder / STATE_FILE, state.to_json())


def read_state(folder: Path) -> PipelineState:
    """Return how the pipeline in a folder stands.

    Raises:
        StorageError: the file is not there, damaged, or of another version; says which.
    """
    file = folder / STATE_FILE
    is_running = is_held(folder / LOCK_FILE)  # before the file: one that ends in between has written its end by then
    content = read_json(file)
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise StorageError(
            f"{file}: is of version {version!r}, and this accelerator reads version {FORMAT_VERSION}. "
            f"To look at it, use the accelerator that wrote it."
        )
    try:
        state = _from_json(content, folder)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StorageError(
            f"{file}: is no pipeline's state ({error}). The file is damaged: restore it, or remove its folder."
        ) from error
    if state.status != RUNNING or is_running or is_held(folder / LOCK_FILE):
        return state
    steps = tuple(replace(item, state=INTERRUPTED) if item.state == RUNNING else item for item in state.steps)
    return replace(state, status=DIED, steps=steps)


def _from_json(content: Mapping[str, Any], folder: Path) -> PipelineState:
    overrides, before = tuple(content["overrides"]), Path(content.get("folder", folder))
    steps = tuple(map(_step, content["steps"] if before == folder else _moved(content["steps"], before, folder)))
    return made_of(PipelineState, {**content, "overrides": overrides, "steps": steps, "folder": folder})


def _moved(steps: Any, before: Path, now: Path) -> Any:
    """Return steps with their paths below the output root that they were written in as they are below the present."""
    root, present = before.parent.parent.parent, now.parent.parent.parent
    return map_leaves(steps, lambda item: _below(present, item, root) if isinstance(item, str) else item)


def _below(present: Path, text: str, root: Path) -> str:
    return f"{present}{text.removeprefix(str(root))}" if text.startswith(f"{root}/") else text


def _step(item: Mapping[str, Any]) -> StepState:
    if item["state"] not in STEP_STATES:
        raise ValueError(f"state {item['state']!r}")
    inputs = tuple(made_of(Source, part) for part in item["inputs"])
    outputs, needs = outputs_from_json(item["outputs"]), tuple(item["needs"])
    return made_of(StepState, {**item, "inputs": inputs, "outputs": outputs, "needs": needs})


def outputs_from_json(content: Mapping[str, Any]) -> dict[str, Output]:
    """Return outputs by name from what a file holds; TypeError and the like when it holds none."""
    return {str(name): _output(made_of(Output, item)) for name, item in content.items()}


def _output(written: Output) -> Output:
    """Return an output with its metrics as numbers: what is not finite stands in a file as text."""
    if written.type not in TYPES or (written.type in PATHS and not isinstance(written.value, str)):
        raise TypeError(f"a {written.type} is {written.value!r}")
    if written.type != METRICS:
        return written
    numbers = {name: number_from_json(item) for name, item in written.value.items()}
    if not all(isinstance(item, int | float) for item in numbers.values()):
        raise TypeError(f"metrics are {written.value!r}")
    return replace(written, value=numbers)
