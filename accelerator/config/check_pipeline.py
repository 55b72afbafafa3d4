"""Whether a pipeline's config can be planned: each step is an experiment or a component, and asks for what is given.

A step names an `experiment` (with `overrides`) or a `step`: a component's name, or a node with arguments. Its `inputs`
are values, or what another step gives: `${step_output:pretrain.checkpoint.best}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, final

from omegaconf import DictConfig, OmegaConf

from accelerator.components import Registry
from accelerator.config.check_launch import LaunchCheck
from accelerator.config.check_pipeline_forms import STEP_KEYS, check_pipeline_forms
from accelerator.config.check_targets import Target, Targets, check_arguments, trust_of
from accelerator.config.component_nodes import TARGET, ComponentNode
from accelerator.config.groups import GroupConfig, configs_below
from accelerator.config.pipeline_file import as_typed, load_pipeline, naming_variables, no_steps, places_of, resolved
from accelerator.config.project import ConfigSource, Project
from accelerator.config.provenance import Provenance, shown_path
from accelerator.config.read import Reader, is_mapping, is_node
from accelerator.config.step_placeholders import unknown_names
from accelerator.config.step_references import Reference, references
from accelerator.errors import ConfigError, Problem, did_you_mean, nearest

KIND = "pipeline_step"
EXPERIMENT_OUTPUTS = ("run", "folder", "checkpoint", "metrics")
CHECKPOINTS = ("best", "last")


def check_pipeline(
    config: GroupConfig,
    registry: Registry,
    project: Project,
    sources: Sequence[ConfigSource],
    overridden: tuple[DictConfig, Provenance] | None = None,
) -> list[Problem]:
    """Return all problems of one pipeline's config, as far as they show without importing its steps.

    `overridden` is what the config holds with overrides on top, and where each key was set; by default what the file
    holds.
    """
    unresolved: Sequence[Problem] = ()
    try:
        loaded, places = overridden or (load_pipeline(config, project, sources), places_of(config, project, sources))
    except ConfigError as error:
        return list(error.problems)
    written = content = config.content or {}
    try:
        content = resolved(loaded, places)
        written = naming_variables(content, loaded)
    except ConfigError as error:
        unresolved = error.problems
    reader = Reader(places)
    steps = content.get("steps")
    if not isinstance(steps, Mapping):
        return [no_steps(places.place_of("steps") or shown_path(config.path, project, sources))]
    check_pipeline_forms(content, written, reader)
    experiments = [item.name for item in configs_below("experiment", sources)]
    _PipelineCheck(steps, experiments, registry, project, reader).run()
    launch = LaunchCheck(sources, reader)
    for name, entry in steps.items():
        if is_mapping(entry):
            launch.check(entry.get("launch"), f"steps.{name}.launch")
    return [as_typed(problem) for problem in dict.fromkeys([*unresolved, *reader.problems])]


@final
class _PipelineCheck:
    def __init__(
        self, steps: Mapping[Any, Any], experiments: Sequence[str], registry: Registry, project: Project, reader: Reader
    ) -> None:
        self._steps = {str(name): entry for name, entry in steps.items()}
        self._experiments = experiments
        self._registry = registry
        self._root = project.root
        self._reader = reader
        self._needs: dict[str, set[str]] = {name: set() for name in self._steps}

    def run(self) -> None:
        nodes = [node for name, entry in self._steps.items() for node in self._nodes(name, entry)]
        targets = Targets(self._registry, trust_of(OmegaConf.create({}), self._registry, self._root), self._reader)
        found = targets.find(nodes)
        check_arguments(found, (), self._reader)
        by_key = {target.node.key: target for target in found}
        for name, entry in self._steps.items():
            for reference in references(entry, f"steps.{name}"):
                if reference.key.startswith(f"steps.{name}.inputs"):
                    self._refer(name, reference, by_key)
                else:
                    asked = f"${{step_output:{reference.text}}}"
                    remedy = f"Write inputs: {{NAME: {asked}}}; a command's word has it as {{input:NAME}}"
                    self._reader.add(reference.key, "only an input can be what another step gives", remedy)
            self._check_placeholders(name, entry, by_key)
            self._check_needs(name, entry, by_key)
        self._circles()

    def _nodes(self, name: str, entry: Any) -> Iterator[ComponentNode]:
        """Yield the component that a step names, if any, and note what is wrong with the step's own keys."""
        key = f"steps.{name}"
        if not is_mapping(entry):
            self._reader.add(key, "must be a mapping", f"Write {name}: {{experiment: NAME}}", value=entry)
            return
        for unknown in (item for item in entry if item not in STEP_KEYS):
            text = f"there is no such key of a step. {did_you_mean(str(unknown), STEP_KEYS, most=len(STEP_KEYS))}"
            self._reader.add(f"{key}.{unknown}", text, "Correct or remove it")
        experiment, step = entry.get("experiment"), entry.get("step")
        if (experiment is None) == (step is None):
            came = "neither stands there" if step is None else "both stand there"
            self._reader.add(key, f"needs an experiment or a step, {came}", "Keep one: experiment: NAME, or step: NAME")
        elif experiment is not None and experiment not in self._experiments:
            text = f"there is no experiment '{experiment}'. {did_you_mean(str(experiment), self._experiments)}"
            self._reader.add(f"{key}.experiment", text, "Name one of them")
        elif isinstance(step, str):
            yield ComponentNode(f"{key}.step", KIND, {TARGET: step}, True)
        elif isinstance(step, Mapping) and is_node(step):
            yield ComponentNode(f"{key}.step", KIND, step, True)
        elif step is not None:
            text = f"must be the name of a {KIND}, or a mapping with _target_"
            self._reader.add(f"{key}.step", text, value=step)

    def _refer(self, name: str, reference: Reference, targets: Mapping[str, Target]) -> None:
        step, output, key = reference.step, reference.output, reference.key
        if step not in self._steps:
            others = [other for other in self._steps if other != name]
            close = nearest(step, others)
            remedy = f"Write ${{step_output:{close}.{output}}}" if close else "Name one of them"
            self._reader.add(key, f"there is no step '{step}'. {did_you_mean(step, others)}", remedy)
            return
        self._needs[name].add(step)
        known = self._outputs(step, output, targets)
        if known is None or output in known:
            return
        close = nearest(output, known) or known[0]
        text = f"the step '{step}' gives no '{output}'. {did_you_mean(output, known)}"
        self._reader.add(key, text, f"Write ${{step_output:{step}.{close}}}")

    def _outputs(self, step: str, output: str, targets: Mapping[str, Target]) -> Sequence[str] | None:
        """Return what a step gives, as names that may be written; None when that is not known."""
        entry = self._steps[step]
        if is_mapping(entry) and entry.get("experiment") is not None:
            if output.startswith("metrics."):
                return None  # which metrics there are is up to the experiment
            return [*EXPERIMENT_OUTPUTS, *(f"checkpoint.{alias}" for alias in CHECKPOINTS)]
        target = targets.get(f"steps.{step}.step")
        if target is None or target.gives is None:
            return None
        node: Any = entry.get("step") if is_mapping(entry) else None
        own: Any = node.get(target.gives.outputs) if target.gives.outputs and is_mapping(node) else None
        names = [*target.gives.names, *(map(str, own) if is_mapping(own) else ())]
        return None if not names or any(output == name or output.startswith(f"{name}.") for name in names) else names

    def _check_placeholders(self, step: str, entry: Any, targets: Mapping[str, Target]) -> None:
        """Note names in a step's texts that it could not fill in."""
        key = f"steps.{step}.step"
        gives = targets[key].gives if key in targets else None
        node: Any = entry.get("step") if is_mapping(entry) else None
        if gives is None or gives.fills is None or not is_mapping(node):
            return
        inputs, outputs = entry.get("inputs") or {}, node.get(gives.outputs or "") or {}
        if not is_mapping(inputs) or not is_mapping(outputs):  # what is said of that is enough
            return
        known = {"input": list(map(str, inputs)), "output": list(map(str, outputs))}
        for kind, name in unknown_names(node.get(gives.fills), known):
            close = nearest(name, known[kind])
            remedy = f"Write {{{kind}:{close}}}" if close else f"Name it in {kind}s"
            self._reader.add(
                f"{key}.{gives.fills}", f"there is no {kind} '{name}'. {did_you_mean(name, known[kind])}", remedy
            )

    def _check_needs(self, step: str, entry: Any, targets: Mapping[str, Target]) -> None:
        """Note a step that lacks the input that it needs, or has two of which it takes one."""
        target = targets.get(f"steps.{step}.step")
        inputs: Any = (entry.get("inputs") or {}) if is_mapping(entry) else None
        if target is None or target.gives is None or not target.gives.needs or not is_mapping(inputs):
            return
        needs = target.gives.needs
        came = [str(name) for name in inputs if str(name) in needs]
        if len(came) != 1:
            what = (
                f"both {' and '.join(came)} are there"
                if came
                else f"these are there: {', '.join(map(str, inputs)) or 'none'}"
            )
            text = f"the step needs one of the inputs {', '.join(needs)}; {what}"
            remedy = f"Write {needs[0]}: ${{step_output:STEP.{needs[0]}}}, with the name of a step that gives it"
            self._reader.add(f"steps.{step}.inputs", text, remedy)

    def _circles(self) -> None:
        try:
            TopologicalSorter(self._needs).prepare()
        except CycleError as error:
            ring: list[str] = error.args[1]
            text = f"the steps ask for each other in a circle: {' -> '.join(reversed(ring))}"
            self._reader.add(f"steps.{ring[0]}.inputs", text, "Take one of these inputs away")
