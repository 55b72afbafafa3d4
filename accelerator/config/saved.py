"""The config of a run as a file: written without secrets, read back without running anything of a stranger's.

Written: every interpolation resolved, but what depends on an environment variable, which stays `${oc.env:NAME}`,
and what depends on `${train.total_steps}`, which a longer run has more of. Read: those two forms and no other, and
a variable only when the present project or command names it too, so that a config cannot send one out unasked.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf
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
from accelerator.config.read import first_line, raw
from accelerator.errors import ConfigError, Problem
from accelerator.redaction import MASK, redact

CONFIG_FILE = "config.yaml"
PROVENANCE_FILE = "provenance.json"
TOTAL_STEPS = "${train.total_steps}"

_VARIABLE = re.compile(r"\$\{\s*oc\.env\s*:\s*([A-Za-z_]\w*)\s*(,[^{}]*)?\}")
_RESOLVER = re.compile(r"\$\{[^{}]*:")
_MARK = re.compile(r"__accelerator_kept_(\d+)__")
_WHOLE_VARIABLE = re.compile(r"\$\{oc\.env:([A-Za-z_]\w*)\}")


def saved_yaml(config: DictConfig) -> str:
    """Return the text of a run's `config.yaml`.

    Raises:
        ConfigError: an interpolation cannot be resolved.
    """
    return OmegaConf.to_yaml(OmegaConf.create(_saved(config)))


def flatten(config: DictConfig) -> dict[str, str | int | float | bool | None]:
    """Return the saved config as one flat mapping from config path to value, for a tracker's parameters."""
    return dict(_flat(_saved(config), ""))


def saved_tags(config: DictConfig) -> dict[str, Any]:
    """Return the tags for a tracker, which are told no more than `config.yaml` is."""
    return _saved(config).get("tags") or {}


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
    saved = dict(_texts(config, ""))
    parsed = _apply(config, overrides, project, registry, sources)
    provenance = _provenance_of(file, project).with_overrides(parsed)
    kept = {key: text for key, text in _texts(config, "") if saved.get(key) == text}
    problems = [] if to_look_at else list(_refused(kept, overrides, sources, provenance))
    if problems:
        raise ConfigError(problems)
    return ComposedConfig(config, Composition(project, tuple(overrides), provenance, registry, sources))


def _saved(config: DictConfig) -> dict[str, Any]:
    kept: list[str] = []
    original = _without_total_steps(OmegaConf.to_container(config))
    marked = _map_texts(original, lambda text: _mark(text, kept))
    try:
        resolved = OmegaConf.to_container(OmegaConf.create(marked), resolve=True)
    except OmegaConfBaseException as error:
        key = str(getattr(error, "full_key", "") or "")
        raise ConfigError(Problem(key, f"cannot be resolved: {first_line(error)}", "Correct it")) from error
    result: dict[str, Any] = redact(_unmark(resolved, original, kept))
    return result


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
        text = _VARIABLE.sub(lambda found: _marked_variable(found, kept), text)
    if "oc.env" in _VARIABLE.sub("", text):  # the variable's name is itself computed
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
    if _MARK.search(value) and isinstance(original, str) and _RESOLVER.search(_VARIABLE.sub("", original)):
        return original  # a resolver computes from it: only the whole expression means the same
    return _restore(value.replace("${", "\\${"), kept)


def _below(value: Any, name: Any) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    return value[name] if isinstance(value, list) and name < len(value) else None


def _map_texts(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {name: _map_texts(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_map_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _flat(value: Any, key: str) -> Iterator[tuple[str, str | int | float | bool | None]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for place, item in enumerate(value):
            yield from _flat(item, f"{key}.{place}")
    else:
        yield key, json.dumps(value) if isinstance(value, dict | list) else value


def _read(file: Path) -> DictConfig:
    try:
        config = OmegaConf.load(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            Problem("", f"the run's config cannot be read: {error}", "Name another run", str(file))
        ) from error
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(
            Problem("", f"is not valid YAML: {first_line(error)}", "Repair it, or name another run", str(file))
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
    except (OSError, ValueError, AttributeError, TypeError):  # lost or damaged: the saved file's own lines are known
        return read_provenance([LoadedFile(file.stem, file.resolve(), "")], (), project, ())


def _texts(node: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each value that is an interpolation or a masked secret."""
    names = list(node) if isinstance(node, DictConfig) else range(len(node))
    for name in names:
        child = node._get_node(name)
        path = f"{key}.{name}" if key else str(name)
        if isinstance(child, DictConfig | ListConfig) and not child._is_none() and not child._is_interpolation():
            yield from _texts(child, path)
        elif child is not None and isinstance(child._value(), str):
            text = child._value()
            if "${" in text.replace("\\${", "") or text == MASK or f"://{MASK}@" in text:
                yield path, text


def _refused(
    texts: dict[str, str], overrides: Sequence[str], sources: tuple[ConfigSource, ...], provenance: Provenance
) -> Iterator[Problem]:
    asked = [(key, text) for key, text in texts.items() if text != TOTAL_STEPS]
    known = "\n".join([*overrides, *_config_texts(sources)]) if asked else ""
    for key, text in asked:
        variable = _WHOLE_VARIABLE.fullmatch(text)
        if "${" not in text:
            what, remedy = "is a secret and was not saved with the run", f"Add {key}=… to the command"
        elif variable and re.search(rf"oc\.env\s*:\s*{variable[1]}\b", known):
            continue
        elif text in known:
            continue
        elif variable:
            what = f"reads the environment variable {variable[1]}, which no config of this project names"
            remedy = f"If that is meant, add '{key}=${{oc.env:{variable[1]}}}' to the command"
        else:
            what, remedy = "is an interpolation, which a saved config may not hold", f"Add {key}=… to the command"
        yield Problem(key, what, remedy, provenance.place_of(key), text)


def _config_texts(sources: tuple[ConfigSource, ...]) -> Iterator[str]:
    for source in sources:
        for path in sorted(source.path.rglob("*.yaml")):
            yield path.read_text(encoding="utf-8", errors="replace")
