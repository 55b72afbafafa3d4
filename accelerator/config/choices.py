"""What is wrong with the choices that a command line makes in config groups: `model=resnet9`, `~loss`, `model@x=mlp`.

Hydra knows these mistakes too, but names neither what is chosen nor what would be taken.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from accelerator.components import KINDS
from accelerator.config.defaults_lists import unknown_option
from accelerator.config.hydra_api import ConfigFolders, ParsedOverride
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.read import show_value
from accelerator.config.schema import TRANSFORM_SPLITS, TRANSFORMS
from accelerator.errors import Problem, did_you_mean
from accelerator.redaction import redact_text

GRAMMAR = "Write KEY=VALUE; a value with spaces, commas, quotes or brackets goes into quotes: 'KEY=\"a, b\"'"
_OF_HYDRA = "hydra/"
_ELSEWHERE = {
    "pipeline": "accelerator pipeline run {0} runs it, accelerator configure check pipeline={0} checks it",
    "index": "An experiment includes it: write - /index/{} first in its defaults list",
}


def chosen_experiments(overrides: Iterable[ParsedOverride]) -> Iterator[str]:
    """Yield the config names (`experiment/digits_resnet`) of the experiments that overrides choose."""
    for item in overrides:
        if item.group == "experiment":
            yield from (f"experiment/{name}" for name in _names(item.value))


def choice_problems(item: ParsedOverride, folders: ConfigFolders) -> Iterator[Problem]:
    """Yield what is wrong with an override whatever the config files say."""
    shown = redact_text(item.text)
    if not item.key:
        yield Problem("", f"the override {shown!r} has no key", GRAMMAR, COMMAND_LINE)
    elif item.is_sweep:
        text = f"{shown!r} is several values, and this command makes one run"
        remedy = (
            "As one list write KEY=[a,b], as one text KEY='\"a,b\"'; to run them all use `accelerator experiment sweep`"
        )
        yield Problem(item.key, text, remedy, COMMAND_LINE)
    elif item.package and not item.group:
        yield _no_group(shown.lstrip("+~").partition("@")[0], item.package, folders)
    elif item.group and item.sign in ("+", "++") and item.group in folders.groups() and not item.package:
        bare = shown.lstrip("+")
        yield Problem(item.key, "has a choice already, which takes no +", f"Write {bare}", COMMAND_LINE)
    elif item.group in TRANSFORMS and item.package not in {f"{item.group}.{split}" for split in TRANSFORM_SPLITS}:
        example = f"{item.group}@{item.group}.train=[NAME]"
        text = f"goes to {' or to '.join(f'{item.group}.{split}' for split in TRANSFORM_SPLITS)}: say which"
        yield Problem(item.package or item.key, text, f"Write {example}", COMMAND_LINE)
    elif item.group and item.sign != "~":
        yield from _of_options(item, folders)


def unmatched(item: ParsedOverride, folders: ConfigFolders, chosen: Collection[str]) -> Iterator[Problem]:
    """Yield what an override would change or remove and is not chosen; `chosen` is what files choose, as they do."""
    if not item.group or item.group.startswith(_OF_HYDRA) or item.sign in ("+", "++"):
        return
    choice = f"{item.group}@{item.package}" if item.package else item.group
    if choice in chosen:
        if item.sign == "~":
            yield _not_removed(item, choice)
        return
    if item.group in _ELSEWHERE:
        remedy = _ELSEWHERE[item.group].format(*_names(item.value) or ["NAME"])
        yield Problem(item.key, f"'{item.group}' is nothing that an experiment chooses", remedy, COMMAND_LINE)
        return
    known = [other for other in chosen if other.partition("@")[0] == item.group] or folders.groups()
    text = f"nothing has chosen '{choice}', so that it could be changed. {did_you_mean(choice, known)}"
    remedy = "" if item.sign == "~" else f"Correct it, or write +{redact_text(item.text)} to choose one more"
    yield Problem(item.key, text, remedy, COMMAND_LINE)


def _no_group(group: str, package: str, folders: ConfigFolders) -> Problem:
    text = f"there is no config group '{group}'. {did_you_mean(group, folders.groups())}"
    is_empty = group in KINDS
    remedy = f"`accelerator add {group} NAME` writes one, and its config" if is_empty else "Correct it"
    return Problem(package, text, remedy, COMMAND_LINE)


def _not_removed(item: ParsedOverride, choice: str) -> Problem:
    if item.value is None:
        text = "is chosen by a list, which Hydra does not take out"
        what_for = "NAME to choose another" if choice == "loss" else "[] to choose none"  # most tasks need a loss
        return Problem(item.key, text, f"Write {choice}={what_for}", COMMAND_LINE)
    text = f"{show_value(item.value)} is not what is chosen, and only that can be removed"
    return Problem(item.key, text, f"Write ~{choice}", COMMAND_LINE)


def _of_options(item: ParsedOverride, folders: ConfigFolders) -> Iterator[Problem]:
    known = folders.options(item.group)
    for name in _names(item.value):
        if not isinstance(name, str):
            text = f"takes the name of a config. {did_you_mean(str(name), known)}"
            yield Problem(item.key, text, f"Write {item.group}=NAME", COMMAND_LINE, show_value(name))
        elif name not in known:
            yield Problem(item.key, unknown_option(folders, item.group, name), "", COMMAND_LINE)


def _names(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
