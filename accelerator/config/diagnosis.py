"""Why a config does not compose: Hydra's and OmegaConf's exceptions turned into problems that say what to do.

The mistakes are looked for again in the overrides and files themselves, all at once; what an exception says is
used only when nothing is found there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml.reader import Reader, ReaderError

from accelerator.config.choices import GRAMMAR, choice_problems, chosen_experiments, unmatched
from accelerator.config.completion import complete
from accelerator.config.defaults_lists import DefaultsLists
from accelerator.config.hydra_api import (
    ConfigFolders,
    ParsedOverride,
    load,
)
from accelerator.config.key_paths import called_alike, paths_below
from accelerator.config.override_syntax import find_syntax_error
from accelerator.config.project import ConfigSource, Project
from accelerator.config.provenance import COMMAND_LINE, shown_path
from accelerator.config.read import is_mapping, join, raw, show_value
from accelerator.config.schema import ENTRIES, FREE, SECTIONS
from accelerator.errors import ConfigError, Problem, nearest
from accelerator.redaction import redact_text

COMPOSE_ERRORS = (
    *(HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, AssertionError, OSError),
    RecursionError,  # a defaults list that leads back to itself
)
"""What Hydra is known to raise for mistakes of the user's."""


@dataclass(frozen=True)
class Attempt:
    """What was to be composed."""

    sources: tuple[ConfigSource, ...]
    project: Project
    config_name: str
    overrides: tuple[str, ...]


def diagnose(error: Exception, attempt: Attempt) -> ConfigError:
    """Return the ConfigError that says what is wrong, and what to do next."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return ConfigError(_broken_yaml(error, attempt))
    if isinstance(error, UnicodeDecodeError | ReaderError):
        return ConfigError(list(_unreadable(attempt)) or _in_its_own_words(error))
    malformed = list(malformed_overrides(attempt.overrides))
    if malformed:
        return ConfigError(malformed)
    folders = ConfigFolders(attempt.sources)
    overrides = folders.parse(attempt.overrides)
    lists = DefaultsLists(folders, attempt.sources, attempt.project)
    files = [attempt.config_name, *chosen_experiments(overrides)]
    problems = [problem for item in overrides for problem in choice_problems(item, folders)]
    problems = problems or lists.problems(files)
    if not problems:
        chosen = lists.chosen(files)
        problems = [problem for item in overrides for problem in unmatched(item, folders, chosen)]
    if not problems:
        problems = _of_values(overrides, attempt, folders)
    return ConfigError(problems or _unknown_in_file(error, attempt) or _in_its_own_words(error))


def malformed_overrides(overrides: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each override that Hydra's grammar does not take, pointing at the token."""
    for text in overrides:
        shown = redact_text(text)
        at = find_syntax_error(text)
        if at is not None:
            column, token = at
            where = f"at character {column + 1}, '{token}'" if token else "at its end, where something is missing"
            yield Problem("", f"the override {shown!r} cannot be read {where}", GRAMMAR, COMMAND_LINE)
            continue
        try:
            ConfigFolders(()).parse([text])
        except OverrideParseException as error:
            yield Problem("", f"the override {shown!r} cannot be read: {_reason(error)}", GRAMMAR, COMMAND_LINE)


def _reason(error: Exception) -> str:
    """Return what Hydra says of a value that it cannot evaluate, without the frame that differs by version."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith(("Error ", "See http"))]
    return re.sub(r"^\w+ while evaluating", "in", redact_text(" ".join(lines)))


_UNKNOWN_IN_FILE = re.compile(r"In '([^']+)': ConfigKeyError.*Key '[^']+' not in '([^']+)'.*full_key: (\S+)", re.DOTALL)
_OF_HYDRA = "hydra."
_BY_NAME = (*ENTRIES, "callback")  # kinds whose names are keys of the config
_NAMING_HYDRA = "hydra.output_subdir=null"  # one of Hydra's own keys: with it, all of them are composed


def below_interpolation(config: DictConfig, overrides: Iterable[ParsedOverride]) -> Iterator[Problem]:
    """Yield the overrides that would replace an interpolated node by the one key that they set."""
    earlier: dict[str, Any] = {}
    for item in overrides:
        parts = [] if item.group else item.key.split(".")
        for length in range(1, len(parts)):
            above = ".".join(parts[:length])
            node = earlier.get(above, _raw_at(config, above))
            if isinstance(node, str) and "${" in node:
                text = f"'{above}' is {node}, and nothing can be set below an interpolation"
                remedy = f"Set the key that it points to, or give '{above}' a node of its own"
                yield Problem(item.key, text, remedy, COMMAND_LINE)
                break
        earlier[item.key] = item.value


def unknown_key(config: DictConfig, key: str, text: str, folders: ConfigFolders | None = None) -> Problem:
    """Return the problem of an override that sets a key which is not there; it may be a group that was meant."""
    parts = key.split(".")
    depth = next(n for n in range(len(parts)) if not _has(config, ".".join(parts[: n + 1])))
    above = ".".join(parts[:depth])
    parent = _raw_at(config, above) if above else config
    if above and not is_mapping(parent):
        what = "null" if parent is None else f"the value {show_value(parent, above)}"
        remedy = f"Choose one first: {above}=NAME" if parent is None else f"Set {above} itself"
        return Problem(key, f"'{above}' is {what} and has no keys", remedy, COMMAND_LINE)
    known = [str(name) for name in parent]
    close = nearest(parts[depth], known if above or folders is None else [*known, *folders.groups()])
    meant = [".".join((*parts[:depth], close, *parts[depth + 1 :]))] if close else []
    if not close and parts[0] not in FREE:
        meant = called_alike(key, paths_below(config))
    guess = f"Did you mean {' or '.join(map(repr, meant))}? " if meant else ""
    among = f"Known{f' in {above}' if above else ''}: {', '.join(known) or 'none'}" if above or not meant else ""
    remedy = "" if text.startswith("~") else _how_to_add(parts, depth, text)
    if above in _BY_NAME and folders is not None and parts[depth] in folders.options(above):
        remedy = f"Choose it first: {above}=[{','.join([*known, parts[depth]])}]"
    return Problem(key, f"there is no such key. {guess}{among}", remedy, COMMAND_LINE)


def _how_to_add(parts: Sequence[str], depth: int, text: str) -> str:
    """Return what to write where the key that is not there, `parts[depth]`, is none of a typo's."""
    if depth == 0:
        return f"Values of your own stand below vars: +vars.{text}"
    return "Correct or remove it" if parts[0] in SECTIONS else f"To add a new key, write +{text}"


def _broken_yaml(error: yaml.MarkedYAMLError, attempt: Attempt) -> Problem:
    mark = error.problem_mark
    assert mark is not None
    shown = shown_path(Path(mark.name), attempt.project, attempt.sources)
    text = " ".join(part for part in (error.problem, error.context) if part)
    return Problem(
        "", f"is not valid YAML: {text} (column {mark.column + 1})", "Repair the file", f"{shown}:{mark.line + 1}"
    )


def _unreadable(attempt: Attempt) -> Iterator[Problem]:
    """Yield a problem for each config file that is no text: such an error does not name its file."""
    for path in (path for source in attempt.sources for path in sorted(source.path.rglob("*.yaml")) if path.is_file()):
        try:
            Reader(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, ReaderError):
            shown = shown_path(path, attempt.project, attempt.sources)
            yield Problem("", "is not text in UTF-8", "Save it as UTF-8, without control characters", shown)


def _of_values(overrides: Sequence[ParsedOverride], attempt: Attempt, folders: ConfigFolders) -> list[Problem]:
    """Compose without the overrides of values, and look at each of them against the result."""
    choices = [item.text for item in overrides if item.group]
    values = [item for item in overrides if not item.group]
    names_hydra = [_NAMING_HYDRA] if any(item.key.startswith(_OF_HYDRA) for item in values) else []
    try:
        loaded = load(
            attempt.sources,
            attempt.config_name,
            [*choices, *names_hydra],
            prepare=lambda config, overrides: complete(config),
        )
    except COMPOSE_ERRORS:
        return []
    config = loaded.config
    if loaded.hydra is not None:
        with open_dict(config):
            config["hydra"] = loaded.hydra
    return list(below_interpolation(config, values)) or [
        problem for item in values for problem in value_problems(config, item, folders)
    ]


def value_problems(config: DictConfig, item: ParsedOverride, folders: ConfigFolders | None = None) -> Iterator[Problem]:
    """Yield what is wrong with setting one value in a config that has all of its keys."""
    shown = redact_text(item.text)
    keys = [item.key] if item.sign == "~" else list(_leaves(item.key, item.value))
    there = [key for key in keys if _has(config, key)]
    if item.sign == "+" and there and not isinstance(item.value, dict | list):
        yield Problem(
            item.key, "is there already, and + adds new keys only", f"Write {shown.lstrip('+')}", COMMAND_LINE
        )
    elif item.sign == "~" and there and item.value is not None:
        holds = show_value(_raw_at(config, item.key), item.key)
        text = f"holds {holds}, and not what is to be removed"
        yield Problem(item.key, text, f"Write ~{item.key}", COMMAND_LINE)
    elif item.sign in ("", "~"):
        for key in keys:
            if not _has(config, key):
                yield unknown_key(config, key, shown, folders)


def _unknown_in_file(error: Exception, attempt: Attempt) -> Problem | None:
    """Return the problem of a file that sets a key which what it belongs to does not have, such as a launcher."""
    found = _UNKNOWN_IN_FILE.search(str(error))
    if found is None:
        return None
    name, owner, key = found.groups()
    paths = [source.path / f"{name}.yaml" for source in attempt.sources]
    shown = next((shown_path(path, attempt.project, attempt.sources) for path in paths if path.is_file()), name)
    above = key.rpartition(".")[0]
    what = f"there is no such key in {above} as it is chosen ({owner})"
    return Problem(key, what, f"Correct or remove it, or choose another {above.replace('.', '/')}", shown)


def _in_its_own_words(error: Exception) -> Problem:
    said = str(error) or str(error.__cause__ or error.__context__ or "")
    lines = [line.strip() for line in said.splitlines() if line.strip() and "http" not in line]
    text = redact_text(" ".join(lines)) or type(error).__name__
    return Problem(
        "", f"the config does not compose: {text}", "Correct what it names, or leave overrides out one by one"
    )


def _leaves(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(join(key, str(getattr(name, "text", name))), item)
    else:
        yield key


def _has(config: DictConfig, key: str) -> bool:
    above, _, name = key.rpartition(".")
    parent = _raw_at(config, above) if above else config
    return is_mapping(parent) and name in list(parent)


def _raw_at(config: DictConfig, key: str) -> Any:
    node: Any = config
    for part in key.split("."):
        if not is_mapping(node) or part not in list(node):
            return None
        node = raw(node, part)
    return node
