"""The config of a run as a file: written without secrets, read back without running anything of a stranger's.

Written: every interpolation resolved, but what depends on an environment variable, which stays `${oc.env:NAME}`,
and what depends on `${train.total_steps}`, which a longer run has more of. Read: those two forms and no other, and
a variable only when the present project or command names it too, so that a config cannot send one out unasked.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.components import Registry
from accelerator.config.completion import complete, ordered
from accelerator.config.compose import ComposedConfig, Composition, compose
from accelerator.config.diagnosis import (
    below_interpolation,
    malformed_overrides,
    value_problems,
)
from accelerator.config.hydra_api import (
    ConfigFolders,
    LoadedFile,
    ParsedOverride,
    apply_overrides,
)
from accelerator.config.project import ConfigSource, Project, find_project, search_path
from accelerator.config.provenance import Provenance, read_provenance
from accelerator.config.read import raw
from accelerator.config.saved_interpolations import TOTAL_STEPS, VARIABLE, marked_texts, refused_texts
from accelerator.errors import ConfigError, Problem, first_line
from accelerator.hostile_yaml import measure_yaml
from accelerator.leaves import leaves, map_leaves
from accelerator.redaction import redact

CONFIG_FILE = "config.yaml"
PROVENANCE_FILE = "provenance.json"

_RESOLVER = re.compile(r"\$\{[^{}]*:")
_MARK = re.compile(r"__accelerator_kept_(\d+)__")


def saved_yaml(config: DictConfig) -> str:
    """Return the text of a run's `config.yaml`.

    Raises:
        ConfigError: an interpolation cannot be resolved.
    """
    return yaml_of(saved_values(config))


def yaml_of(values: Mapping[str, Any]) -> str:
    """Return saved values as the text of a `config.yaml`."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(values)))


def saved_values(config: DictConfig) -> dict[str, Any]:
    """Return what of a config is written and told: resolved but for what must stay an interpolation, secrets masked.

    Raises:
        ConfigError: an interpolation cannot be resolved.
    """
    try:
        values = resolved_but_variables(_without_total_steps(OmegaConf.to_container(config)))
    except OmegaConfBaseException as error:
        key = str(getattr(error, "full_key", "") or "")
        raise ConfigError(Problem(key, f"cannot be resolved: {first_line(error)}", "Correct it")) from error
    result: dict[str, Any] = redact(values)
    return result


def resolved_but_variables(values: Any) -> Any:
    """Return the values of a config resolved, but for what must stay an interpolation; any other `${` is escaped.

    Raises:
        OmegaConfBaseException: an interpolation cannot be resolved.
    """
    kept: list[str] = []
    marked = _map_texts(values, lambda text: _mark(text, kept))
    return _unmark(OmegaConf.to_container(OmegaConf.create(marked), resolve=True), values, kept)


def flatten(values: Mapping[str, Any]) -> dict[str, str | int | float | bool | None]:
    """Return saved values as one flat mapping from config path to value, for a tracker's parameters."""
    return {key: json.dumps(item) if isinstance(item, dict | list) else item for key, item in leaves(values)}


def load_saved(
    path: Path,
    overrides: Sequence[str] = (),
    project: Project | None = None,
    registry: Registry | None = None,
    *,
    to_look_at: bool = False,
) -> ComposedConfig:
    """Read the config of a run (its folder, or the `config.yaml` in it) with overrides on top.

    Values come from the file and the overrides alone, never from today's configs; only an override that chooses in a
    group (`tracking=none`) takes that group's config of today. With `to_look_at` its interpolations and masked secrets
    are let be: nothing may be built from it then.

    Raises:
        ConfigError: the file is missing or broken, holds an interpolation that is not allowed or a secret that was
            not saved, or an override is wrong.
    """
    file = path / CONFIG_FILE if path.is_dir() else path
    project = project or find_project()
    registry = registry or Registry.discover(project.root)
    sources = search_path(project, registry)
    config = _read(file)
    complete(config)
    config = ordered(config)
    saved = dict(marked_texts(config, ""))
    parsed = _apply(config, overrides, project, registry, sources)
    provenance = _provenance_of(file, project).with_overrides(parsed)
    kept = {key: text for key, text in marked_texts(config, "") if saved.get(key) == text}
    problems = [] if to_look_at else list(refused_texts(kept, overrides, sources, provenance))
    if problems:
        raise ConfigError(problems)
    composition = Composition(
        project, tuple(overrides), provenance, registry, sources, run_folder=file.parent.absolute()
    )
    return ComposedConfig(config, composition)


def _without_total_steps(config: Any) -> Any:
    """Leave out what a run put there for its schedulers to read: it is no key of a config."""
    if isinstance(config.get("train"), dict):
        config["train"].pop("total_steps", None)
    return config


def _mark(text: str, kept: list[str]) -> str:
    """Replace what must stay an interpolation by a word that resolving leaves alone."""
    if "${" not in text:
        return text
    before = ""
    while before != text:
        before = text
        text = VARIABLE.sub(lambda found: _marked_variable(found, kept), text)
    if "oc.env" in VARIABLE.sub("", text):  # the variable's name is itself computed
        return _word(_restore(text, kept), kept)
    return text.replace(TOTAL_STEPS, _word(TOTAL_STEPS, kept)) if TOTAL_STEPS in text else text


def _marked_variable(found: re.Match[str], kept: list[str]) -> str:
    if found[2] is not None and found[1] not in os.environ:  # the default, which is no secret
        return found[0]
    return _word(f"${{oc.env:{found[1]}}}", kept)


def _word(text: str, kept: list[str]) -> str:
    kept.append(text)
    return f"__accelerator_kept_{len(kept) - 1}__"


def _restore(text: str, kept: list[str]) -> str:
    while _MARK.search(text):
        text = _MARK.sub(lambda found: kept[int(found[1])], text)
    return text


def _unmark(value: Any, original: Any, kept: list[str]) -> Any:
    """Put what was kept back; `original` is the unresolved value at the same place, where there is one."""
    if isinstance(value, dict):
        return {name: _unmark(item, _below(original, name), kept) for name, item in value.items()}
    if isinstance(value, list):
        return [_unmark(item, _below(original, place), kept) for place, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if _MARK.search(value) and isinstance(original, str) and _RESOLVER.search(VARIABLE.sub("", original)):
        return original  # a resolver computes from it: only the whole expression means the same
    return _restore(value.replace("${", "\\${"), kept)


def _below(value: Any, name: Any) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    return value[name] if isinstance(value, list) and name < len(value) else None


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    return map_leaves(value, lambda item: change(item) if isinstance(item, str) else item)


def _read(file: Path) -> DictConfig:
    try:
        text = file.read_text(encoding="utf-8")
        measure_yaml(text)
        config = OmegaConf.load(StringIO(text))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            Problem("", f"the run's config cannot be read: {error}", "Name another run", str(file))
        ) from error
    except (yaml.YAMLError, OmegaConfBaseException, ValueError) as error:
        found = error.problem if isinstance(error, yaml.MarkedYAMLError) and error.problem else first_line(error)
        raise ConfigError(
            Problem("", f"is not valid YAML: {found}", "Repair it, or name another run", str(file))
        ) from error
    if not isinstance(config, DictConfig):
        raise ConfigError(Problem("", "is not a run's config: it holds no mapping", "Name another run", str(file)))
    return config


def _apply(
    config: DictConfig,
    overrides: Sequence[str],
    project: Project,
    registry: Registry,
    sources: tuple[ConfigSource, ...],
) -> list[ParsedOverride]:
    malformed = list(malformed_overrides(overrides))
    if malformed:
        raise ConfigError(malformed)
    parsed = ConfigFolders(sources).parse(overrides)
    choices = [item for item in parsed if item.group]
    problems = [_no_experiment(item) for item in choices if item.group == "experiment"]
    if problems:
        raise ConfigError(problems)
    today = compose([item.text for item in choices], project=project, registry=registry) if choices else config
    for item in choices:
        OmegaConf.update(config, item.key, raw_at(today, item.key), merge=False)
    values = [item for item in parsed if not item.group]
    problems = [problem for item in values for problem in value_problems(config, item)]
    problems += below_interpolation(config, values)
    if problems:
        raise ConfigError(problems)
    apply_overrides(config, [item.text for item in values])
    return parsed


def _no_experiment(item: ParsedOverride) -> Problem:
    text = "a run that exists keeps its experiment: its config comes from its folder"
    return Problem("experiment", text, f"Leave it out, or start a new run with {item.text}", "command line")


def raw_at(config: DictConfig, key: str) -> Any:
    """Return the node or value at a config path, with interpolations as they are."""
    node: Any = config
    for part in key.split("."):
        node = raw(node, part)
    return node


def _provenance_of(file: Path, project: Project) -> Provenance:
    recorded = file.parent / PROVENANCE_FILE
    try:
        return Provenance.from_json(recorded.read_text(encoding="utf-8"))
    except (
        OSError,
        ValueError,
        AttributeError,
        TypeError,
        RecursionError,
    ):  # lost or damaged: the saved file's own lines are known
        return read_provenance([LoadedFile(file.stem, file.resolve(), "")], (), project, ())
