"""What comes into a step: values of the config, files, and what other steps gave, each with a hash."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.config.pipeline_config import StepConfig
from accelerator.config.project import Project
from accelerator.config.saved_interpolations import names_variable
from accelerator.config.step_references import Reference, fill_in, references
from accelerator.errors import InputError, did_you_mean, nearest
from accelerator.leaves import map_leaves
from accelerator.pipeline.content_hash import ContentHashes, hash_of_value, is_short
from accelerator.pipeline.from_environment import FromEnvironment, marked_variables, read_variables, with_variables
from accelerator.pipeline.outputs import CHECKPOINT, FOLDER, METRICS, RUN, VALUE, Output, file, folder, value
from accelerator.pipeline.state import Source
from accelerator.runs.files import json_ready

Known = Mapping[str, Mapping[str, Output]]
"""Step -> what it gave, by name."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of a step, all of them there."""

    values: Mapping[str, Any]
    """As the step gets them: a file, folder, run or checkpoint is a `Path`. `FromEnvironment` names a variable."""
    sources: tuple[Source, ...]
    """Each leaf with where it came from, and its hash."""

    @property
    def hashes(self) -> dict[str, str]:
        """The hash of each leaf; of a short value the value itself, so that a change can be shown."""
        return {source.key: source.hash for source in self.sources}


def resolve_inputs(step: StepConfig, known: Known, project: Project, hashes: ContentHashes) -> Inputs:
    """Return the inputs of a step whose needed steps have all given what they give.

    Raises:
        InputError: a step gave no such output.
        StorageError: a file cannot be read.
    """
    place = f"steps.{step.name}.inputs"
    found: list[Source] = []
    values: dict[str, Any] = {}
    for name, raw in step.inputs.items():
        filled = fill_in(_with_paths(raw, project), lambda item: _of(item, known, place).as_input, str(name))
        values[str(name)] = marked_variables(raw, filled)
        for reference in references(raw, str(name)):
            output = _of(reference, known, place)
            text = _hash(output) if output.path is None or output.hash else hashes.of_output(output)
            is_path = output.path is not None
            found.append(Source(reference.key, reference.step, reference.output, output.value, text, is_path))
        found += _own(raw, str(name), project, hashes)
    return Inputs(values, tuple(found))


def read_inputs(value: Any, project: Project) -> Any:
    """Return inputs as a step gets them, in its process: with the environment variables that they name.

    Raises:
        InputError: a variable is not set.
    """
    return map_leaves(value, lambda item: _read(item, project))


def _read(item: Any, project: Project) -> Any:
    if not isinstance(item, FromEnvironment):
        return item
    read = read_variables(item.text)
    return (own_files(read, project) or read) if isinstance(read, str) else read


def path_of(source: Source, project: Project) -> Path | None:
    """Return the file, folder, run or checkpoint that came in; None for a value."""
    return project.absolute(str(with_variables(source.value))) if source.is_path else None


def own_files(text: str, project: Project) -> Path | None:
    """Return the file or folder that a text of a config names; None for any other text.

    It must look like a path (a slash, or an ending), so that a folder `test` beside a config that says `test` is none.
    """
    if not text or len(text) > 4096 or "\n" in text or not ("/" in text or Path(text).suffix):
        return None
    try:
        path = project.absolute(text)
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long a name; the home of nobody; a zero byte
        return None


def pick(outputs: Mapping[str, Output], name: str) -> Output | None:
    """Return the output of that name, or the part of one that it means: `metrics.test/loss`; None when there is none.

    Of a metric or a mapping that is one entry, of a folder a file in it.
    """
    if name in outputs:
        return outputs[name]
    for head, output in sorted(outputs.items(), reverse=True):
        if not name.startswith(f"{head}."):
            continue
        part = name.removeprefix(f"{head}.")
        if output.type in (METRICS, VALUE) and isinstance(output.value, Mapping) and part in output.value:
            return Output(VALUE, output.value[part])
        if output.type == FOLDER and Path(output.value, part).exists():
            path = Path(output.value, part)
            return folder(path) if path.is_dir() else file(path)
    return None


def _of(reference: Reference, known: Known, place: str) -> Output:
    outputs = known[reference.step]
    found = pick(outputs, reference.output)
    if found is not None:
        return found
    step, name = reference.step, reference.output
    key = f"{place}.{reference.key}"
    if name.partition(".")[0] == CHECKPOINT and RUN in outputs:
        raise InputError(
            f"{key}: the step '{step}' left no {name.replace('.', ' ')}: {outputs[RUN].value}. Have it keep one: "
            f"checkpoint.keep_best=1, checkpoint.every=1ep."
        )
    names = [*outputs, *(f"{name}.{entry}" for name, item in outputs.items() for entry in _entries(item))]
    remedy = f"Write ${{step_output:{step}.{nearest(name, names) or 'NAME'}}} there."
    raise InputError(f"{key}: the step '{step}' gave no '{name}'. {did_you_mean(name, names)} {remedy}")


def _entries(output: Output) -> list[str]:
    return list(output.value) if output.type in (METRICS, VALUE) and isinstance(output.value, Mapping) else []


def _own(raw: Any, key: str, project: Project, hashes: ContentHashes) -> Iterator[Source]:
    """Yield the leaves that are the config's own, files among them."""
    if isinstance(raw, Mapping):
        for name, item in raw.items():
            yield from _own(item, f"{key}.{name}", project, hashes)
    elif isinstance(raw, list):
        for place, item in enumerate(raw):
            yield from _own(item, f"{key}[{place}]", project, hashes)
    elif not (isinstance(raw, str) and list(references(raw, key))):
        path = own_files(str(with_variables(raw)), project) if isinstance(raw, str) else None
        if path is not None:
            shown = raw if names_variable(raw) else str(path)
            yield Source(key, value=shown, is_path=True, hash=hashes.of_path(path))
        else:
            yield Source(key, value=raw, hash=_hash(value(raw)))
    elif raw.strip() != f"${{step_output:{next(references(raw, key)).text}}}":  # text around a reference counts too
        yield Source(f"{key} (text)", value=raw, hash=_hash(value(raw)))


def _with_paths(raw: Any, project: Project) -> Any:
    if isinstance(raw, Mapping):
        return {str(name): _with_paths(item, project) for name, item in raw.items()}
    if isinstance(raw, list):
        return [_with_paths(item, project) for item in raw]
    path = own_files(raw, project) if isinstance(raw, str) and "${" not in raw else None
    return raw if path is None else path


def _hash(output: Output) -> str:
    if is_short(output):
        return json.dumps(json_ready(output.value), sort_keys=True)
    return output.hash or hash_of_value(output.value)
