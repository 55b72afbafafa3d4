"""What a sweep's own folder is believed when the sweep is gone on with: it may come from a stranger.

What is computed is told by the folder: which values are drawn, how each job stands. What is called, read or reached
for it is told by the command and the present project's configs, as for any run: variables of the environment, stores,
`trust`, and what launchers and sweepers are given besides plain numbers and names.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.config.multirun import SweepLine, read_line, values_drawn
from accelerator.errors import ConfigError, Problem, StorageError, UsageError
from accelerator.experiment.sweep_folder import SweepFolder
from accelerator.runs.folder import RunFolder
from accelerator.runs.links import refuse_links
from accelerator.tracking.addresses import ADDRESS_KEY

_PLAIN = r"[^${}\\\n\r]*"
_CHOICE = re.compile(r"\+?hydra/(launcher|sweeper)(/\w+)?=\w+")
_LAUNCHER_KEYS = (
    *("n_jobs", "backend", "prefer", "require", "verbose", "timeout", "pre_dispatch", "batch_size"),
    *("timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes", "name", "partition"),
    *("qos", "comment", "constraint", "exclude", "gres", "cpus_per_gpu", "gpus_per_task", "mem_per_gpu"),
    *("mem_per_cpu", "account", "signal_delay_s", "max_num_timeout", "array_parallelism", "stderr_to_stdout"),
)
_OF_LAUNCHER = re.compile(rf"\+{{0,2}}hydra\.launcher\.({'|'.join(_LAUNCHER_KEYS)})={_PLAIN}")
_OF_SWEEPER = re.compile(rf"\+{{0,2}}hydra\.sweeper\.(?!.*_target_)(?!storage)[\w.]+={_PLAIN}")


def refuse_damaged(folder: SweepFolder, content: Any) -> None:
    """Let pass what is a sweep's folder by its form: the types in `sweep.json`, and no links.

    Raises:
        StorageError: `sweep.json` lacks something, or has it in another form.
        InputError: a part of the folder is a link.
    """
    if not isinstance(content, Mapping) or not _are_texts(content.get("overrides")):
        raise StorageError(f"{folder.state}: holds no list of overrides. The file is damaged: start the sweep anew.")
    forms = {
        "monitor": isinstance(content.get("monitor"), str),
        "mode": content.get("mode") in ("min", "max"),
        "sampler_seed": type(content.get("sampler_seed")) is int,
        "jobs": _are_jobs(content.get("jobs")),
        "mlflow_parent": isinstance(content.get("mlflow_parent"), str | None),
    }
    wrong = [name for name, is_right in forms.items() if not is_right]
    if wrong:
        raise StorageError(f"{folder.state}: has no valid {wrong[0]}. The file is damaged: start the sweep anew.")
    jobs = [folder.job(number) for number in range(len(content["jobs"]))]
    for place in (folder.path, folder.path / "jobs", *jobs, *(job / "run" for job in jobs)):
        refuse_links(RunFolder(place))


def refuse_unasked(command: Sequence[str]) -> None:
    """Let pass the overrides of a command that goes on with a sweep: how and where to, not what.

    Raises:
        UsageError: one of them changes what the sweep computes.
    """
    other = next((item for item in command if not (is_of_hydra(item) or _is_to_repeat(item))), None)
    if other is not None:
        raise UsageError(
            f"--resume: a sweep goes on with its own overrides. Leave {other} out. Taken are hydra.launcher.…, "
            f"trust=…, {ADDRESS_KEY}=…, and what names an environment variable."
        )


def believed_line(folder: SweepFolder, content: Mapping[str, Any], named: Sequence[str]) -> SweepLine:
    """Return the line of a sweep that is gone on with; a launcher of the command takes the place of the folder's.

    Args:
        folder: the sweep's.
        content: of its `sweep.json`.
        named: the overrides of the command.

    Raises:
        ConfigError: the folder names what would be called or where to, and the command does not.
    """
    line = read_line(content["overrides"])
    asked = [item for item in named if is_of_hydra(item)]
    has_launcher = any(item.lstrip("+").startswith("hydra/launcher=") for item in asked)
    kept = [item for item in line.hydra if not (has_launcher and re.match(r"\+*hydra[./]launcher\b", item))]
    foreign = [item for item in kept if not (_is_plain(item) or item in asked)]
    if foreign:
        what = "is not taken from a sweep's folder, which may come from a stranger"
        remedy = "If it is yours, add it to the command as it stands here, in single quotes"
        raise ConfigError([Problem(_key(item), what, remedy, str(folder.state), item) for item in foreign])
    return SweepLine(line.fixed, line.parameters, (*kept, *(item for item in asked if item not in kept)))


def to_repeat(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that a command has to say again to go on with a sweep."""
    return [item for item in overrides if _is_to_repeat(item)]


def overrides_for_jobs(overrides: Sequence[str]) -> list[str]:
    """Return what each job is told of a command, in a form that sets a key again: trust, the store, variables.

    A saved config is believed about none of them.
    """
    named = [item for item in read_line(overrides).fixed if _is_to_repeat(item)]
    return [f"++{item.lstrip('+')}" if "oc.env" in item else item for item in named]


def draws_naming_variables(overrides: Sequence[str]) -> frozenset[str]:
    """Return, of all that a command lets be drawn, the overrides that name an environment variable."""
    return frozenset(item for column in values_drawn(read_line(overrides)) for item in column if "oc.env" in item)


def _is_to_repeat(item: str) -> bool:
    if is_of_hydra(item):
        return not _is_plain(item)
    return _key(item) in ("trust", ADDRESS_KEY) or "oc.env" in item


def _is_plain(item: str) -> bool:
    return any(pattern.fullmatch(item) for pattern in (_CHOICE, _OF_LAUNCHER, _OF_SWEEPER))


def is_of_hydra(item: str) -> bool:
    """Tell whether an override is said to Hydra itself."""
    return item.lstrip("+~").startswith(("hydra.", "hydra/"))


def _key(item: str) -> str:
    return item.partition("=")[0].lstrip("+~")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _are_jobs(value: Any) -> bool:
    return isinstance(value, list) and all(_is_job(place, item) for place, item in enumerate(value))


def _is_job(place: int, item: Any) -> bool:
    if not isinstance(item, Mapping) or type(item.get("number")) is not int or item["number"] != place:
        return False
    return (
        _are_texts(item.get("overrides"))
        and isinstance(item.get("state"), str)
        and isinstance(item.get("reason"), str | None)
    )
