"""A pipeline's file, from text to plain values: what is wrong with it is said with its line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.groups import GroupConfig
from accelerator.config.hydra_api import LoadedFile, ParsedOverride
from accelerator.config.project import ConfigSource, Project
from accelerator.config.provenance import COMMAND_LINE, Provenance, read_provenance, shown_path
from accelerator.config.read import is_mapping
from accelerator.config.saved import resolved_but_variables
from accelerator.config.saved_interpolations import names_variable
from accelerator.config.step_references import escaped
from accelerator.errors import ConfigError, Problem, first_line
from accelerator.hostile_yaml import HostileYamlError, measure_yaml

_NOT_FOUND = re.compile(r"Interpolation key '(([^'.]+)\.[^']+)' not found")
_OF_ARGUMENT = re.compile(r"(?<![\w.])steps\.([\w-]+)\.step\.")
_OF_PIPELINE = re.compile(r"(?<![\w.:])(?=steps\.|parallel\b|name\b)")


def load_pipeline(file: GroupConfig, project: Project, sources: Sequence[ConfigSource]) -> DictConfig:
    """Return what a pipeline's file holds; interpolations are left as they are.

    Raises:
        ConfigError: it is not YAML, no mapping, more than a config can be, or made of other files.
    """
    _ = file.content  # says in our words what is wrong with the YAML
    shown = shown_path(file.path, project, sources)
    try:
        measure_yaml(file.text)
        loaded = OmegaConf.create(file.text)
    except HostileYamlError as error:
        raise ConfigError(Problem("", f"cannot be a config: {error}", "Remove that from the file", shown)) from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ConfigError(Problem("", f"{error.problem}", "Repair the file", f"{shown}{line}")) from error
    except OmegaConfBaseException as error:
        raise ConfigError(_unresolved(error, places_of(file, project, sources), ())) from error
    if not isinstance(loaded, DictConfig):
        raise ConfigError(no_steps(shown))
    if "defaults" in loaded:
        remedy = "Write its steps out: one that another pipeline has done is skipped here too"
        raise ConfigError(Problem("defaults", "a pipeline is one file, and takes nothing from others", remedy, shown))
    return loaded


def no_steps(source: str) -> Problem:
    """Return the problem of a file that holds no steps by name."""
    remedy = "Write steps: {a_name: {experiment: NAME}, another: {step: NAME, inputs: {}}}"
    return Problem("steps", "must be a mapping by name", remedy, source)


def places_of(
    config: GroupConfig, project: Project, sources: Sequence[ConfigSource], overrides: Sequence[ParsedOverride] = ()
) -> Provenance:
    """Return where each key of a pipeline's file stands, or that the command set it."""
    file = LoadedFile(f"{config.group}/{config.name}", config.path, "")
    return read_provenance([file], overrides, project, sources)


def resolved(content: DictConfig, places: Provenance) -> dict[str, Any]:
    """Return plain values: interpolations are resolved, but those of other steps and of overrides.

    Raises:
        ConfigError: one cannot be resolved.
    """
    raw: Any = OmegaConf.to_container(content)
    steps = raw["steps"] if is_mapping(raw.get("steps")) else {}
    overrides = {name: entry.pop("overrides", None) for name, entry in steps.items() if is_mapping(entry)}
    try:
        plain: Any = OmegaConf.to_container(OmegaConf.create(escaped(raw)), resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(_unresolved(error, places, [str(name) for name in steps])) from error
    for name, items in overrides.items():
        plain["steps"][name]["overrides"] = items
    return dict(plain)


def naming_variables(plain: Mapping[str, Any], content: DictConfig) -> dict[str, Any]:
    """Return resolved values in which what a step itself is given names environment variables as it is written.

    That is its component's arguments and its inputs, which are written down: the values of variables are not.
    """
    raw: Any = OmegaConf.to_container(content)
    if "oc.env" not in str(raw) or not is_mapping(raw.get("steps")):
        return dict(plain)
    entries = {name: entry for name, entry in raw["steps"].items() if is_mapping(entry)}
    for entry in entries.values():
        entry.pop("overrides", None)
    named = resolved_but_variables(escaped(raw))["steps"]
    steps = {
        name: {
            **plain["steps"][name],
            **{part: _with_names(plain["steps"][name].get(part), named[name].get(part)) for part in ("step", "inputs")},
        }
        for name in entries
    }
    return {**plain, "steps": {**plain["steps"], **steps}}


def _with_names(value: Any, named: Any) -> Any:
    """Return a resolved value with the texts of `named` in the places where those name an environment variable."""
    if isinstance(value, dict):
        return {name: _with_names(item, named[name]) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_names(item, part) for item, part in zip(value, named, strict=True)]
    is_named = isinstance(named, str) and names_variable(named)
    return named.replace("\\${step_output:", "${step_output:") if is_named else value


def as_typed(problem: Problem) -> Problem:
    """Return a problem with keys as a command has them: `pipeline.parallel`, and `STEP:KEY` of a component."""
    is_typed = problem.source == COMMAND_LINE
    key = _typed(problem.key) if is_typed else problem.key
    remedy = _typed(problem.remedy) if is_typed or "to the command" in problem.remedy else problem.remedy
    return replace(problem, key=key, remedy=remedy)


def _typed(text: str) -> str:
    return _OF_PIPELINE.sub("pipeline.", _OF_ARGUMENT.sub(r"\1:", text))


def _unresolved(error: OmegaConfBaseException, places: Provenance, steps: Sequence[str]) -> Problem:
    key = str(getattr(error, "full_key", "") or "")
    found = _NOT_FOUND.search(str(error))
    if found is not None and found[2] in steps:
        remedy = f"What a step gives is written ${{step_output:{found[1]}}}"
    elif "Environment variable" in str(error):
        remedy = "Set it, or write ${oc.env:NAME,DEFAULT}"
    else:
        remedy = "Correct it. What another step gives is written ${step_output:STEP.OUTPUT}"
    return Problem(key, f"cannot be resolved: {first_line(error)}", remedy, places.place_of(key))
