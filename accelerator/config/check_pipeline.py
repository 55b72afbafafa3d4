"""Whether a pipeline's config can be planned: its steps are components, and refer to what earlier steps give.

An input is a value, or another step's output, written `step.output`. A text with a dot whose first part is no step's
name, nor close to one, is a value (`data.csv`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf

from accelerator.components import Registry
from accelerator.config.check_targets import Target, Targets, check_arguments, trust_of
from accelerator.config.component_nodes import ComponentNode
from accelerator.config.groups import GroupConfig
from accelerator.config.hydra_api import LoadedFile
from accelerator.config.project import ConfigSource, Project
from accelerator.config.provenance import Provenance, read_provenance
from accelerator.config.read import Reader, is_mapping, is_node
from accelerator.errors import ConfigError, Problem, did_you_mean, nearest

KIND = "pipeline_step"


def check_pipeline(
    config: GroupConfig, registry: Registry, project: Project, sources: Sequence[ConfigSource]
) -> list[Problem]:
    """Return all problems of one pipeline's config, as far as they show without importing its steps."""
    try:
        content = config.content
    except ConfigError as error:
        return list(error.problems)
    reader = Reader(_provenance(config, project, sources))
    steps = content.get("steps") if isinstance(content, Mapping) else None
    if not isinstance(steps, Mapping):
        reader.add("steps", "must be a mapping by name", "Write steps: {a_name: {step: {_target_: …}, inputs: {}}}")
        return reader.problems
    trust = trust_of(OmegaConf.create({}), registry, project.root)
    nodes = [ComponentNode(f"steps.{name}.step", KIND, node, True) for name, node in _nodes(steps, reader)]
    targets = Targets(registry, trust, reader).find(nodes)
    check_arguments(targets, (), reader)
    _references(steps, {target.node.key: target for target in targets}, reader)
    return list(dict.fromkeys(reader.problems))


def _provenance(config: GroupConfig, project: Project, sources: Sequence[ConfigSource]) -> Provenance:
    return read_provenance([LoadedFile(f"{config.group}/{config.name}", config.path, "")], [], project, sources)


def _nodes(steps: Mapping[Any, Any], reader: Reader) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in steps.items():
        node = entry.get("step") if is_mapping(entry) else None
        if isinstance(node, Mapping) and is_node(node):
            yield str(name), node
        elif entry is not None:
            key = f"steps.{name}.step"
            reader.add(key, f"must be a component: a mapping with _target_ that names a {KIND}", value=node)


def _references(steps: Mapping[Any, Any], targets: Mapping[str, Target], reader: Reader) -> None:
    names = [str(name) for name in steps]
    for place, (name, entry) in enumerate(steps.items()):
        inputs = entry.get("inputs") if is_mapping(entry) else None
        for key, text in _texts(inputs, f"steps.{name}.inputs") if is_mapping(inputs) else ():
            step, dot, output = text.partition(".")
            if dot and output:
                _reference(step, output, key, names[:place], names[place:], targets, reader)


def _reference(
    step: str,
    output: str,
    key: str,
    earlier: Sequence[str],
    later: Sequence[str],
    targets: Mapping[str, Target],
    reader: Reader,
) -> None:
    if step in later:
        remedy = f"Move {step} above it, or name one of the earlier ones"
        reader.add(key, f"the step '{step}' does not come before. {did_you_mean(step, earlier)}", remedy)
    elif step not in earlier:
        close = nearest(step, [*earlier, *later])
        if close:
            reader.add(key, f"there is no step '{step}'. {did_you_mean(step, earlier)}", f"Write {close}.{output}")
    else:
        target = targets.get(f"steps.{step}.step")
        known = target.gives.names if target is not None and target.gives is not None else None
        if known is not None and output.partition(".")[0] not in known:
            close = nearest(output, known) or (known[0] if known else "")
            remedy = f"Write {step}.{close}" if close else "Name another step"
            reader.add(key, f"the step '{step}' gives no '{output}'. {did_you_mean(output, known)}", remedy)


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield every text of an input, with the path of the key that it stands below."""
    if isinstance(value, str):
        yield key, value
    elif is_mapping(value):
        for name, item in value.items():
            yield from _texts(item, f"{key}.{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(item, f"{key}[{place}]")
