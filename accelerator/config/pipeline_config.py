"""From the name of a pipeline and a command's overrides to its steps, checked: what is wrong is told at once.

An override `pipeline.parallel=2` or `pipeline.steps.finetune.retries=1` sets a value of the pipeline's own config,
`STEP:key=value` one of a step: a key of its experiment's config, or an argument of its component. Any other goes to
every experiment step, after its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.components import Registry
from accelerator.config.check_pipeline import KIND, check_pipeline
from accelerator.config.check_pipeline_forms import STEP_KEYS
from accelerator.config.component_nodes import TARGET
from accelerator.config.diagnosis import malformed_overrides, value_problems
from accelerator.config.groups import GroupConfig, configs_below, configs_of
from accelerator.config.hydra_api import ConfigFolders, ParsedOverride, apply_overrides
from accelerator.config.interval import Interval
from accelerator.config.launch_settings import named_settings, training_overrides
from accelerator.config.pipeline_file import as_typed, load_pipeline, naming_variables, places_of, resolved
from accelerator.config.project import ConfigSource, Project, search_path
from accelerator.config.provenance import Provenance
from accelerator.config.step_references import references
from accelerator.errors import ConfigError, InputError, Problem, UsageError, did_you_mean
from accelerator.redaction import redact_text

GROUP = "pipeline"
CHOICE = f"{GROUP}="
"""What names a pipeline among overrides."""
_OWN = f"{GROUP}."
_KEYS = ("parallel", "steps")
"""Keys of a pipeline that no experiment has."""


@dataclass(frozen=True)
class StepConfig:
    """One step as the config and the command have it."""

    name: str
    experiment: str | None
    """The experiment that it trains; None for a registered component."""
    node: Mapping[str, Any] | None
    """The component's node; None for an experiment."""
    overrides: tuple[str, ...] = ()
    """Of an experiment: all that are to be applied, in order."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """By name, with references to other steps as texts."""
    launch: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 0
    time_limit_s: float | None = None
    """Of one attempt."""

    @property
    def uses(self) -> str:
        """The name of what it runs."""
        return self.experiment or str((self.node or {}).get(TARGET, ""))

    @property
    def needs(self) -> tuple[str, ...]:
        """The steps whose outputs it asks for."""
        return tuple(dict.fromkeys(reference.step for reference in references(self.inputs, "")))


@dataclass(frozen=True)
class PipelineConfig:
    """A pipeline that can be planned."""

    name: str
    steps: tuple[StepConfig, ...]
    """In the order written."""
    parallel: int
    file: GroupConfig
    overrides: tuple[str, ...]
    """As typed, without the pipeline's name."""
    places: Provenance
    """Where each key of the file stands."""


@dataclass(frozen=True)
class _Overrides:
    """The overrides of a command by whom they are for."""

    pipeline: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]
    experiments: tuple[str, ...]


def read_pipeline(name: str | None, overrides: Sequence[str], project: Project, registry: Registry) -> PipelineConfig:
    """Return the pipeline that a command means, with its overrides.

    Raises:
        UsageError: no pipeline is named, or two are.
        ConfigError: there is none of that name, or it has problems; all of them are told.
    """
    sources = search_path(project, registry)
    name, rest = _chosen(name, overrides)
    file = _find(name, sources)
    content = load_pipeline(file, project, sources)
    steps = content.get("steps")
    known = [str(item) for item in steps] if isinstance(steps, DictConfig) else []
    sorted_out = _sort_out(rest, known)
    texts = [*sorted_out.pipeline, *(text for _, text in sorted_out.steps), *sorted_out.experiments]
    problems = list(malformed_overrides(texts))
    if problems:
        raise ConfigError(problems)
    _complete(content, sources)
    set_by_command = _apply(content, sorted_out, sources)
    _complete(content, sources)  # of what the command has added too
    places = places_of(file, project, sources, set_by_command)
    plain = resolved(content, places)
    problems = check_pipeline(file, registry, project, sources, (content, places))
    if problems:
        raise ConfigError(problems)
    if not plain["steps"]:
        remedy = "Write one: a_name: {experiment: NAME}"
        raise ConfigError(Problem("steps", "there is none yet", remedy, places.place_of("steps")))
    named = naming_variables(plain, content)
    made = tuple(_step(str(key), entry, sorted_out) for key, entry in named["steps"].items())
    if all(step.experiment is None for step in made):
        _refuse_for_nobody(sorted_out.experiments)
    called = str(plain["name"] or name.replace("/", "_"))
    return PipelineConfig(called, made, plain["parallel"], file, tuple(rest), places)


def is_of_whole(override: str) -> bool:
    """Tell whether an override is about the pipeline's own run and folder too, besides its experiments."""
    return override.lstrip("+").startswith(("paths.", "paths=", "trust=", "tracking.", "tracking="))


def _refuse_for_nobody(overrides: Iterable[str]) -> None:
    """Refuse overrides of experiments in a pipeline that has none."""
    for text in overrides:
        if not is_of_whole(text):
            raise InputError(
                f"{redact_text(text)}: goes to experiments, and no step of this pipeline is one. Write "
                f"STEP:{redact_text(text)} for the argument of a step, or leave it out."
            )


def _chosen(name: str | None, overrides: Sequence[str]) -> tuple[str, list[str]]:
    names = [item.removeprefix(CHOICE) for item in overrides if item.startswith(CHOICE)]
    rest = [item for item in overrides if not item.startswith(CHOICE)]
    names = list(dict.fromkeys([*([] if name is None else [name]), *names]))
    if len(names) == 1:
        return names[0], rest
    if names:
        raise UsageError(f"accelerator pipeline run: two pipelines are named, {' and '.join(names)}. Name one.")
    raise UsageError(
        "accelerator pipeline run needs the name of a pipeline: accelerator pipeline run NAME, or python run_pipe.py "
        "pipeline=NAME. `accelerator configure list pipeline` shows all."
    )


def _find(name: str, sources: Sequence[ConfigSource]) -> GroupConfig:
    known = {item.name: item for item in configs_below(GROUP, sources)}
    if name not in known:
        text = f"there is no pipeline '{name}'. {did_you_mean(name, known)}"
        raise ConfigError(Problem(GROUP, text, "Name one of them, or write configs/pipeline/NAME.yaml"))
    return known[name]


def _sort_out(overrides: Sequence[str], steps: Sequence[str]) -> _Overrides:
    own, of_steps, others = [], [], []
    for text in overrides:
        sign = text[: len(text) - len(text.lstrip("+~"))]
        key = text[len(sign) :]
        step, colon, rest = key.partition("=")[0].partition(":")
        if colon and not step.partition("@")[1]:
            if step not in steps:
                raise InputError(f"{text}: there is no step '{step}'. {did_you_mean(step, steps)}")
            of_steps.append((step, f"{sign}{key[len(step) + 1 :]}"))
        elif key.startswith(_OWN):
            own.append(text)
        elif key.partition("=")[0].partition(".")[0] in _KEYS:
            raise UsageError(f"{text}: is a key of the pipeline. Write {sign}{_OWN}{key}.")
        else:
            others.append(text)
    return _Overrides(tuple(own), tuple(of_steps), tuple(others))


def _complete(content: DictConfig, sources: Sequence[ConfigSource]) -> None:
    """Fill in what may be left out, so that it can be overridden; a component's name becomes its config's node."""
    nodes = {item.name: item for item in configs_of(KIND, sources)}
    for key, value in (("name", None), ("parallel", 1)):
        content.setdefault(key, value)
    steps = content.get("steps")
    for entry in steps.values() if isinstance(steps, DictConfig) else ():
        if not isinstance(entry, DictConfig):
            continue
        for key in set(STEP_KEYS) - set(entry):  # unlike setdefault it resolves nothing
            entry[key] = None
        with suppress(OmegaConfBaseException):  # what cannot be resolved is told when all is there
            _complete_step(entry, nodes, sources)


def _complete_step(entry: DictConfig, nodes: Mapping[str, GroupConfig], sources: Sequence[ConfigSource]) -> None:
    for key in ("inputs", "launch"):
        if entry[key] is None:
            entry[key] = {}
    entry.launch = named_settings(entry.launch, sources)
    if isinstance(entry.step, str):
        config = nodes.get(entry.step)
        node = OmegaConf.create(config.text) if config is not None else None
        entry.step = node if isinstance(node, DictConfig) and TARGET in node else {TARGET: entry.step}


def _apply(content: DictConfig, overrides: _Overrides, sources: Sequence[ConfigSource]) -> list[ParsedOverride]:
    """Apply what is for the pipeline and its components, and return it as overrides of the pipeline's own config."""
    folders = ConfigFolders(sources)
    of_components = [_of_component(step, text) for step, text in overrides.steps if _is_component(content, step)]
    whole = OmegaConf.create({GROUP: content})
    problems = [problem for item in folders.parse(overrides.pipeline) for problem in value_problems(whole, item)]
    problems += [
        as_typed(problem) for item in folders.parse(of_components) for problem in value_problems(content, item)
    ]
    if problems:
        raise ConfigError(problems)
    texts = [*(text.replace(_OWN, "", 1) for text in overrides.pipeline), *of_components]
    apply_overrides(content, texts)
    return folders.parse(texts)


def _of_component(step: str, override: str) -> str:
    sign = "~" if override.startswith("~") else "++"  # what its config leaves out may be set like what it names
    return f"{sign}steps.{step}.step.{override.lstrip('+~')}"


def _is_component(content: DictConfig, step: str) -> bool:
    entry = content.steps[step]
    return isinstance(entry, DictConfig) and entry.get("step") is not None


def _step(name: str, entry: Mapping[str, Any], overrides: _Overrides) -> StepConfig:
    limit = entry["time_limit"]
    launch = entry["launch"] or {}
    own = tuple(text for step, text in overrides.steps if step == name)
    is_experiment = entry["experiment"] is not None
    return StepConfig(
        name=name,
        experiment=entry["experiment"],
        node=entry["step"],
        overrides=(
            (*training_overrides(launch), *(entry["overrides"] or ()), *overrides.experiments, *own)
            if is_experiment
            else ()
        ),
        inputs=entry["inputs"] or {},
        launch=launch,
        retries=entry["retries"] or 0,
        time_limit_s=None if limit is None else float(Interval.parse(limit).value),
    )
