"""The one file that knows Hydra's internals, for 1.3 and 1.4: load a config and tell which files made it.

Hydra's compose API keeps its state in singletons and forgets which files it merged. Here its config loader is
used as it stands, by a subclass that notes each file as it is merged, and the singletons are put back after.
"""

import copy
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from hydra import __version__, version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.singleton import Singleton
from hydra.core.utils import JobRuntime
from hydra.errors import ConfigCompositionException, HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from accelerator.config.hydra_files import MeasuringRepository, files_alone, name_the_key_on, with_hydras_own
from accelerator.config.project import ConfigSource
from accelerator.config.replaced_values import drop_replaced, make_way

HYDRA_VERSION = tuple(int(part) for part in __version__.split(".")[:2])
GLOBAL_GROUPS = ("experiment", "debug")
"""Groups whose configs set keys at the top level, and fill none of their own."""
_PRESETS = "debug/"  # merged last, wherever `debug` stands in a defaults list: it wins over the experiment
_SEARCH_PATH = "hydra.searchpath"
_NAMES_HYDRA = re.compile(r"^[\s\-+~]*(override\s+)?/?hydra\b", re.MULTILINE)  # an override, a default, a key
_VERSION_BASE = "1.3"  # 1.4 knows one behaviour only, and warns when a version is given


class SearchPathError(ConfigCompositionException):
    """A config or an override that would have configs read from elsewhere."""


@contextmanager
def no_traces() -> Iterator[None]:
    """Put Hydra's singletons back as they were; a Hydra application around us keeps its own."""
    instances: dict[Any, Any] = Singleton._instances
    kept = {kind: instances.pop(kind) for kind in (version.VersionBase, JobRuntime) if kind in instances}
    try:
        if HYDRA_VERSION < (1, 4):
            version.setbase(_VERSION_BASE)
        yield
    finally:
        for kind in (version.VersionBase, JobRuntime):
            instances.pop(kind, None)
        instances.update(kept)


@dataclass(frozen=True)
class LoadedFile:
    """One config file that was merged: its name as Hydra has it (`model/resnet8`), where it lies, its package."""

    name: str
    path: Path
    package: str


@dataclass(frozen=True)
class ParsedOverride:
    """One override of a command line: `key` is the config path that it sets, or the one that its group fills."""

    text: str
    key: str
    group: str
    """The config group that it chooses in, or "" when it sets a value."""
    package: str
    """Where the chosen config goes, when the override says so: `transform@PACKAGE=…`."""
    value: Any
    sign: str
    """`~`, `+`, `++` or ""."""
    is_sweep: bool


@dataclass(frozen=True)
class Loaded:
    """A composed config, and in merge order what it was made from."""

    config: DictConfig
    files: tuple[LoadedFile, ...]
    overrides: tuple[ParsedOverride, ...]
    hydra: DictConfig | None
    """What is said to Hydra itself; None when no file and no override says anything."""
    chosen: Mapping[str, str | None]
    """By `group` or `group@package` what is chosen in those that take one option, without what that includes."""


class Prepare(Protocol):
    """Looks at a composed config, and may complete it, before the overrides of values are applied."""

    def __call__(self, config: DictConfig, overrides: Sequence[ParsedOverride]) -> None:
        """Change `config` in place; the overrides are those that will be applied to it."""


class ConfigFolders:
    """The search path as Hydra sees it: which groups and which options there are."""

    @no_traces()
    def __init__(self, sources: Sequence[ConfigSource]) -> None:
        self._files = _RecordingLoader(sources)
        self._sources = sources

    @no_traces()
    def has_group(self, group: str) -> bool:
        """Tell whether any folder of the search path has this group."""
        return bool(group) and self._loader(group).repository.group_exists(group)

    @no_traces()
    def options(self, group: str) -> list[str]:
        """Return the names of all configs in a group, sorted."""
        if not self.has_group(group):
            return []
        return sorted(self._loader(group).repository.get_group_options(group, ObjectType.CONFIG))

    @no_traces()
    def parse(self, overrides: Sequence[str]) -> list[ParsedOverride]:
        """Parse overrides by Hydra's grammar, and tell which choose in a group.

        Raises:
            OverrideParseException: one of them is malformed.
        """
        loader = self._loader("\n".join(overrides))
        return [_parsed(item, loader) for item in OverridesParser.create().parse_overrides(list(overrides))]

    @no_traces()
    def launcher(self, name: str) -> DictConfig:
        """Return a launcher's settings, typed as its plugin types them; HydraException when it does not compose."""
        chosen = f"hydra/launcher={name}"
        config = self._loader(chosen).load_configuration(None, [chosen], run_mode=RunMode.MULTIRUN)
        settings: DictConfig = config.hydra.launcher
        return settings

    @no_traces()
    def groups(self) -> list[str]:
        """Return the names of all top-level groups, without Hydra's own."""
        found = self._files.repository.get_group_options("", ObjectType.GROUP)
        return sorted(name for name in found if name != "hydra")

    def _loader(self, text: str) -> "_RecordingLoader":
        return _RecordingLoader(self._sources, names_hydra=True) if names_hydra(text) else self._files


def load(
    sources: Sequence[ConfigSource],
    config_name: str,
    overrides: Sequence[str],
    *,
    prepare: Prepare,
) -> Loaded:
    """Compose `config_name` with `overrides`; `prepare` sees the config before values are overridden.

    Raises:
        HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, AssertionError: as Hydra raises them;
            `accelerator.config.compose` turns them into a ConfigError.
    """
    with no_traces():
        loader = _RecordingLoader(sources, names_hydra=names_hydra("\n".join(overrides)))
        parsed = tuple(_parsed(item, loader) for item in OverridesParser.create().parse_overrides(list(overrides)))
        loader.prepare = functools.partial(_prepare, prepare, parsed)
        # Hydra takes `group=null` for an unknown option
        nulls = [item for item in parsed if item.group and item.value is None and not item.sign and not item.is_sweep]
        last = {item.key: item for item in parsed if item.group}
        removed = [item for item in nulls if last[item.key] is item]
        kept = [item.text for item in parsed if item not in nulls]
        kept += [f"~{item.group}" for item in removed if item.group in GLOBAL_GROUPS]
        config = loader.load_configuration(config_name, kept, run_mode=RunMode.RUN)
    with open_dict(config):
        hydra = config.pop("hydra", None)
        for key in [item.key for item in removed if item.group not in GLOBAL_GROUPS]:
            OmegaConf.update(config, key, None)
    return Loaded(config, tuple(loader.files), parsed, hydra, loader.chosen)


def _prepare(prepare: Prepare, overrides: Sequence[ParsedOverride], config: DictConfig) -> None:
    prepare(config, overrides)
    make_way(config, [(item.key, item.value) for item in overrides if not item.group and item.sign != "~"])


def apply_overrides(config: DictConfig, overrides: Sequence[str]) -> None:
    """Apply overrides of values, in place, to a config that is already composed."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    make_way(config, [(item.key_or_group, item.value()) for item in parsed if not item.is_delete()])
    ConfigLoaderImpl._apply_overrides_to_config(parsed, config)


def instantiate_options(targets: Sequence[str]) -> dict[str, Any]:
    """Return what `hydra.utils.instantiate` is called with so that it calls these targets and no others.

    From 1.4 on Hydra takes such a list, and warns without one; 1.3 has a block list of its own.
    """
    return {"_execution_whitelist_": list(targets)} if HYDRA_VERSION >= (1, 4) else {}


class _RecordingLoader(ConfigLoaderImpl):
    """Hydra's loader, which besides notes the files that it merges."""

    def __init__(self, sources: Sequence[ConfigSource], *, names_hydra: bool = False) -> None:
        super().__init__(ConfigSearchPathImpl())
        self._sources = sources
        self._names_hydra = False
        self._look_in(with_hydras_own(sources) if names_hydra else files_alone(sources))
        self.files: list[LoadedFile] = []
        self.chosen: dict[str, str | None] = {}
        self._loaded: dict[int, Any] = {}
        self.prepare: Callable[[DictConfig], None] = lambda config: None

    def _look_in(self, path: ConfigSearchPath) -> None:
        self.config_search_path = path
        self.repository = MeasuringRepository(path, lambda text: self._notice(text))

    def _notice(self, text: str) -> None:
        self._names_hydra = self._names_hydra or names_hydra(text)

    def _load_configuration_impl(
        self, config_name: str | None, overrides: list[str], run_mode: RunMode, *args: Any, **options: Any
    ) -> DictConfig:
        """Leave Hydra's own configs out, which are half of all files, unless a file or an override names them."""
        parsed, repo = self._parse_overrides_and_create_caching_repo(config_name, overrides)
        self._notice("\n".join(overrides))
        try:
            defaults = create_defaults_list(repo, config_name, parsed, prepend_hydra=False, skip_missing=False)
        except HydraException:
            if not self._names_hydra:
                raise
        if self._names_hydra:
            self._look_in(with_hydras_own(self._sources))
            config = super()._load_configuration_impl(config_name, overrides, run_mode, *args, **options)
            self.chosen = dict(config.hydra.runtime.choices)
            return config
        self.chosen = dict(defaults.overrides.known_choices)
        self.validate_sweep_overrides_legal(parsed, run_mode, from_shell=True)
        config = self._compose_config_from_defaults_list(defaults.defaults, repo)
        OmegaConf.set_struct(config, True)
        self._apply_overrides_to_config(defaults.config_overrides, config)
        return config

    def _process_config_searchpath(self, config_name: str | None, parsed_overrides: list[Override], repo: Any) -> None:
        """Refuse what would read configs from elsewhere: `pkg://` even imports the package that it names."""
        loaded = repo.load_config(config_path=config_name) if config_name is not None else None
        in_file = loaded is not None and OmegaConf.select(loaded.config, _SEARCH_PATH, default=None) is not None
        if in_file or any((item.key_or_group or "").startswith(_SEARCH_PATH) for item in parsed_overrides):
            places = "the project's configs/, from plugins and from accelerator"
            raise SearchPathError(
                f"{_SEARCH_PATH} is not taken: configs come from {places}. Copy the files into the project's configs/"
            )

    def _load_single_config(self, default: Any, repo: Any) -> Any:
        return self._loaded.pop(id(default))

    def _read(self, default: Any, repo: Any) -> Any:
        result = super()._load_single_config(default, repo)
        if not default.config_path.startswith("hydra/") and result.path.startswith("file://"):
            path = Path(result.path.removeprefix("file://"), f"{default.config_path}.yaml")
            self.files.append(LoadedFile(default.config_path, path, default.package or ""))
            read = repo.load_config(default.config_path).config
            if result.config is read:  # no package to embed it in, which makes a copy; Hydra merges without one
                result = replace(result, config=copy.deepcopy(read))
            name_the_key_on(result.config)
        return result

    def _compose_config_from_defaults_list(self, defaults: list[Any], repo: Any) -> DictConfig:
        presets = [item for item in defaults if str(item.config_path).startswith(_PRESETS)]
        in_order = [*(item for item in defaults if item not in presets), *presets]
        self._loaded = {id(item): self._read(item, repo) for item in in_order}
        drop_replaced([item.config for item in self._loaded.values()])
        config = super()._compose_config_from_defaults_list(defaults=in_order, repo=repo)
        self.prepare(config)
        return config


def names_hydra(text: str) -> bool:
    """Tell whether overrides, or the text of a config file, may need what Hydra and its plugins bring."""
    return bool(_NAMES_HYDRA.search(text))


def _parsed(item: Override, loader: ConfigLoaderImpl) -> ParsedOverride:
    value = None if item.is_sweep_override() else item.value()
    can_choose = bool(item.key_or_group) and not isinstance(value, dict)
    key = (item.package or item.key_or_group).replace("/", ".")
    return ParsedOverride(
        text=str(item.input_line),
        key=key,
        group=item.key_or_group if can_choose and loader.repository.group_exists(item.key_or_group) else "",
        package=item.package or "",
        value=value,
        sign="~" if item.is_delete() else "++" if item.is_force_add() else "+" if item.is_add() else "",
        is_sweep=item.is_sweep_override(),
    )
