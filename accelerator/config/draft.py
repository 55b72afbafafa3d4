"""A config as its files have it: merged by YAML alone, to tell in some ms which keys there are.

Hydra says what a config is. This says what it is about to be, without importing Hydra and without refusing anything:
interpolations stay texts, a file that is missing or broken adds nothing. Only names are to be taken from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from accelerator.config.groups import GroupConfig
from accelerator.config.project import ConfigSource
from accelerator.errors import ConfigError

_MAIN = "main"
_OF_TOP_LEVEL = ("experiment", "debug")
"""Groups whose files set keys of the top level."""


def draft(sources: Sequence[ConfigSource], overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the files hold that `main` and the choices among `overrides` (`model=mlp`) lead to."""
    typed = dict(_typed_choices(overrides))
    names = [_MAIN, *(f"{group}/{name}" for group in _OF_TOP_LEVEL for name in typed.get(group, ()))]
    files: dict[str, dict[str, Any]] = {}
    choices: dict[str, tuple[str, ...]] = {}
    for name in names:
        _follow(name, sources, files, choices)
    merged: dict[str, Any] = {}
    for group, options in {**choices, **typed}.items():
        folder, _, package = group.partition("@")
        for option in options if folder not in _OF_TOP_LEVEL else ():
            _merge(merged, _below(package or folder.replace("/", "."), _content(f"{folder}/{option}", sources)))
    for content in files.values():
        _merge(merged, {key: value for key, value in content.items() if key != "defaults"})
    return merged


def _follow(
    name: str, sources: Sequence[ConfigSource], files: dict[str, dict[str, Any]], choices: dict[str, tuple[str, ...]]
) -> None:
    """Add a file of the top level and those that it includes to `files`, and what they choose to `choices`."""
    content = _content(name, sources)
    if name in files or not isinstance(content, dict):
        return
    files[name] = content
    for group, options in _defaults(content, name.rpartition("/")[0]):
        if group.partition("@")[0] in ("", *_OF_TOP_LEVEL):
            for option in options:
                _follow(f"{group}/{option}".lstrip("/"), sources, files, choices)
        else:
            choices[group] = options


def _typed_choices(overrides: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for override in overrides:
        key, equals, value = override.lstrip("+").partition("=")
        if equals and "." not in key.partition("@")[0]:
            names = (name.strip() for name in value.strip("[]").split(","))
            yield key, tuple(name for name in names if name and name != "null")


def _defaults(content: Mapping[str, Any], folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield group (with its package, as `transform@transform.train`) and options of each entry; "" for a plain one."""
    entries = content.get("defaults")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str) and entry != "_self_":
            yield "", (_from_root(entry.partition("@")[0], folder),)
        elif isinstance(entry, dict):
            for key, options in entry.items():
                names = options if isinstance(options, list) else [options]
                yield _from_root(str(key).rpartition(" ")[2], folder), tuple(str(name) for name in names if name)


def _from_root(name: str, folder: str) -> str:
    return name.lstrip("/") if name.startswith("/") or not folder else f"{folder}/{name}"


def _content(name: str, sources: Sequence[ConfigSource]) -> Any:
    group, _, stem = name.rpartition("/")
    for source in sources:
        path = source.path / f"{name}.yaml"
        if path.is_file():
            with suppress(ConfigError):
                return GroupConfig(group, stem, path, source.provider).content
    return None


def _below(package: str, content: Any) -> dict[str, Any]:
    for part in reversed(package.split(".")):
        content = {part: content}
    return dict(content)


def _merge(into: dict[str, Any], added: Mapping[str, Any]) -> None:
    for key, value in added.items():
        if isinstance(value, dict):
            below = into.get(key)
            into[key] = below = below if isinstance(below, dict) else {}
            _merge(below, value)
        elif value is not None or key not in into:
            into[str(key)] = value
