"""A sweep's settings in config files, as Hydra's users write them: `hydra.sweeper.params`, a launcher, a sweeper.

They become overrides as a command would have them, so that a sweep has one line, whoever wrote it; what the command
says of the same key counts instead.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.compose import ComposedConfig, composition_of
from accelerator.config.diagnosis import malformed_overrides
from accelerator.config.multirun import SweepLine
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.read import raw
from accelerator.errors import ConfigError, Problem, first_line

_PARAMETERS = "hydra.sweeper.params"
_OLD_PARAMETERS = ("hydra.sweeper.search_space", "hydra.sweeper.custom_search_space")
_TARGET = "_target_"
_CLASS = "names a class, and launchers and sweepers are chosen by name"
_NAME = "Write hydra/launcher=NAME or hydra/sweeper=NAME instead"
_GROUPS = ("launcher", "sweeper", "sweeper/sampler")


@dataclass(frozen=True)
class FileSetting:
    """An override that a config file makes: its text, and the `file:line` of it."""

    text: str
    place: str


def settings_in_files(config: ComposedConfig, command: Sequence[str]) -> tuple[FileSetting, ...]:
    """Return what the files of a config set for a sweep: parameters first, then launcher and sweeper.

    Args:
        config: composed from what is fixed in the command, with its choice of launcher and sweeper.
        command: all overrides of the command; what has their keys is left out.

    Raises:
        ConfigError: a setting cannot be read, or is one that a sweep does not take.
    """
    composition = composition_of(config)
    assert composition is not None
    if composition.hydra is None:
        return ()
    keys = composition.provenance.of_key
    found = _Found(composition.hydra, keys, {_key(item) for item in command})
    found.refuse_foreign()
    settings = (*found.parameters(), *found.choices(), *found.values())
    problems = [
        Problem(problem.key, problem.what, problem.remedy, item.place)
        for item in settings
        for problem in malformed_overrides([item.text])
    ]
    if problems:
        raise ConfigError(problems)
    return settings


def refuse_settings_of_hydra(line: SweepLine) -> None:
    """Let pass a command line that names its parameters themselves, and says to Hydra only who sweeps and launches.

    Raises:
        ConfigError: an override sets `hydra.sweeper.params`, a class, or another part of Hydra.
    """
    problems = [problem for item in line.hydra for problem in _not_taken(item)]
    if problems:
        raise ConfigError(problems)


def _not_taken(item: str) -> Iterator[Problem]:
    key = _key(item)
    if key.startswith((_PARAMETERS, *_OLD_PARAMETERS)):
        what = "is for config files: a command names the parameter itself"
        remedy = "Write for example optimizer.lr=0.1,0.01, or with Optuna 'optimizer.lr=interval(0.001,0.1)'"
        yield Problem(key, what, remedy, COMMAND_LINE)
    elif not key.replace("/", ".").startswith(("hydra.launcher", "hydra.sweeper")):
        remedy = "Leave it out; of Hydra count launcher and sweeper, such as hydra/launcher=joblib"
        yield Problem(key, "is nothing that a sweep takes: it has a folder and a log of its own", remedy, COMMAND_LINE)
    elif _TARGET in item:
        yield Problem(key, _CLASS, _NAME, COMMAND_LINE)


@dataclass(frozen=True)
class _Found:
    hydra: DictConfig
    """The node `hydra` of the composed config."""
    sources: Mapping[str, tuple[str, ...]]
    """Config path -> what set it, in files; oldest first."""
    taken: set[str]
    """Keys of the command."""

    def refuse_foreign(self) -> None:
        """Refuse the older ways of Optuna's sweeper to say what varies."""
        what = f"is not taken: {_PARAMETERS} says what varies"
        remedy = "Write there for example optimizer.lr: interval(0.001, 0.1)"
        found = [key for key in _OLD_PARAMETERS if key in self.sources]
        if found:
            raise ConfigError([Problem(key, what, remedy, self.sources[key][-1]) for key in found])

    def parameters(self) -> Iterator[FileSetting]:
        parameters: DictConfig = self.hydra.sweeper.get("params") or OmegaConf.create({})
        for key in map(str, parameters):
            if _key(key) not in self.taken:
                place, value = self._place(f"{_PARAMETERS}.{key}"), self._value(parameters, key)
                if isinstance(value, Mapping):
                    what = "is a mapping; a parameter of a sweep is a key with dots and a text"
                    raise ConfigError(Problem(f"{_PARAMETERS}.{key}", what, f"Write {_dotted(key, value)}", place))
                yield FileSetting(f"{key}={'null' if value is None else value}", place)

    def choices(self) -> Iterator[FileSetting]:
        for group in _GROUPS:
            key, name = f"hydra.{group.replace('/', '.')}", self.hydra.runtime.choices.get(f"hydra/{group}")
            if key in self.sources and name is not None and f"hydra/{group}" not in self.taken:
                yield FileSetting(f"hydra/{group}={name}", self._place(key))

    def values(self) -> Iterator[FileSetting]:
        for key in self.sources:
            if not key.startswith(("hydra.launcher.", "hydra.sweeper.")) or key in self.taken:
                continue
            above, _, name = key.removeprefix("hydra.").rpartition(".")
            if name == _TARGET:
                raise ConfigError(Problem(key, _CLASS, _NAME, self._place(key)))
            node = None if key.startswith(_PARAMETERS) else OmegaConf.select(self.hydra, above)
            if isinstance(node, DictConfig) and name in node and not isinstance(node._get_node(name), DictConfig):
                yield FileSetting(f"++{key}={_text(self._value(node, name))}", self._place(key))

    def _value(self, node: DictConfig, name: str) -> Any:
        """Return a value with its interpolations resolved; one that names environment variables stays as it is."""
        written = raw(node, name)
        if "oc.env" in str(written):
            return OmegaConf.to_container(written) if OmegaConf.is_config(written) else written
        try:
            value = node[name]
            return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        except OmegaConfBaseException as error:
            key = f"{node._get_full_key(name)}"
            what = f"cannot be resolved: {first_line(error)}"
            raise ConfigError(Problem(key, what, "Correct it, or set what it names", self._place(key))) from error

    def _place(self, key: str) -> str:
        return self.sources.get(key, ("",))[-1]


def _dotted(key: str, value: Any) -> str:
    """Return a nested parameter as it has to be written: `optimizer.lr: 0.1,0.01`."""
    while isinstance(value, Mapping) and value:
        name, value = next(iter(value.items()))
        key = f"{key}.{name}"
    return f"{key}: {value}"


def _text(value: Any) -> str:
    """Return a value as Hydra's grammar writes it.

    Example:
        >>> _text(["module load cuda", 3, None])
        "['module load cuda',3,null]"
    """
    if isinstance(value, str):
        quoted = value.replace("'", "\\'")
        return value if value.replace("_", "").isalnum() and not _means_more(value) else f"'{quoted}'"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_text(key)}:{_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text, value))}]"
    return json.dumps(value)


def _means_more(text: str) -> bool:
    """Tell whether a text would be read as a number, a truth or nothing."""
    return text[0].isdigit() or text.lower() in ("null", "true", "false", "nan", "inf")


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]
