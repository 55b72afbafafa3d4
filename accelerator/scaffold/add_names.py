"""What may be added, and under which name."""

import builtins
import keyword
import re

from accelerator.components import KINDS, Registry
from accelerator.config.project import ConfigSource
from accelerator.errors import InputError, UsageError, did_you_mean

COMMAND = "accelerator add"
KINDS_TO_ADD = (*(kind for kind in KINDS if kind not in ("engine", "tracking")), "experiment", "pipeline")
"""What there is a template for. An engine or a sink is too much its own for one."""
_SHORT = {"step": "pipeline_step"}
# What a config, a command line or YAML reads as something else than a name.
_MEANS_SOMETHING = ("false", "inf", "nan", "no", "none", "null", "off", "on", "true", "yes")


def checked_kind(kind: str, *, needs_template: bool = True) -> str:
    """Return the kind that was typed, `step` as `pipeline_step`; without a template only a class can be of it.

    Raises:
        UsageError: there is no such kind to add; names the nearest.
    """
    known = kind.replace("-", "_").lower()
    known = _SHORT.get(known, known)
    if known in (KINDS_TO_ADD if needs_template else KINDS):
        return known
    if not needs_template:
        raise UsageError(f"{COMMAND}: no class is a '{kind}'. {did_you_mean(known, KINDS, most=len(KINDS))}")
    if known in KINDS:
        raise UsageError(
            f"{COMMAND} {kind}: there is no template for a component of kind {known}. Known: "
            f"{', '.join(KINDS_TO_ADD)}. "
            f"To take a class that you have: {COMMAND} {known} NAME --from package.module.Class."
        )
    raise UsageError(
        f"{COMMAND}: there is no kind '{kind}' to add. {did_you_mean(known, KINDS_TO_ADD, most=len(KINDS_TO_ADD))}"
    )


def checked_name(kind: str, name: str) -> str:
    """Return a name that may be a module, a config and a word of a command line.

    Raises:
        UsageError: it may not; says why, and what would do.
    """
    reason = _why_not(name)
    if not reason:
        return name
    proposed = re.sub(r"\W+|^(?=\d)", "_", name.rpartition("/")[2].removesuffix(".py"), flags=re.ASCII).strip("_")
    proposed = proposed if proposed and not _why_not(proposed) else f"my_{kind}"
    raise UsageError(f"{COMMAND} {kind} '{name}': {reason}. Write {COMMAND} {kind} {proposed}.")


def refuse_clash(kind: str, name: str, registry: Registry, own: str, sources: tuple[ConfigSource, ...]) -> None:
    """Refuse a name that another distribution than `own` gives to a component or a config of this kind.

    Raises:
        InputError: names who has it, and what to do.
    """
    if kind in KINDS:
        owners = [item for item in registry.of_kind(kind) if item.name == name and not _is_same(item.distribution, own)]
        if owners:
            owner = owners[0].distribution
            raise InputError(
                f"{COMMAND} {kind} {name}: {owner} has a {kind} of that name, and a config that says {name} could mean "
                f"either. Choose another name, such as my_{name}; the existing one is _target_: {owner}::{name}."
            )
    for source in sources:
        path = source.path / kind / f"{name}.yaml"
        if source.provider != "project" and path.is_file():
            raise InputError(
                f"{COMMAND} {kind} {name}: {source.provider} has a config {kind}/{name}.yaml, and yours would hide it. "
                f"Choose another name, such as my_{name}."
            )


def object_name(kind: str, name: str, taken: frozenset[str]) -> str:
    """Return what the class of a component is called, or the function that gives data.

    It is none of `taken`, what the module itself imports, and nothing that pytest would collect.
    """
    if kind == "data":
        return f"make_{name}" if name in taken or name in vars(builtins) else name
    camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return f"My{camel}" if camel in taken or camel in vars(builtins) or camel.startswith("Test") else camel


def suggested_package(name: str) -> str:
    """Return the package of a distribution's name: `Hand-Writing` gives `hand_writing`; "" when there is none."""
    package = re.sub(r"[-_.]+", "_", name).lower()
    return package if package.isidentifier() and not keyword.iskeyword(package) else ""


def _why_not(name: str) -> str:
    if "-" in name and "/" not in name:
        return "a name holds no hyphens, because it names a Python module too"
    if not name.isascii() or not name.isidentifier():
        return "a name holds letters, digits and underscores, and starts with a letter"
    if keyword.iskeyword(name):
        return "the name is a word of Python's own"
    if name.startswith("_"):
        return "a name starts with a letter"
    if name.lower() in _MEANS_SOMETHING:
        return "YAML and the command line read that as a value, not as a name"
    return ""


def _is_same(distribution: str, other: str) -> bool:
    first, second = (re.sub(r"[-_.]+", "-", name).lower() for name in (distribution, other))
    return first == second
