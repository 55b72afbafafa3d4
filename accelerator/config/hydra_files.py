"""Hydra's access to config files, for 1.3 and 1.4: measured before they are read, and parsed by libyaml.

A search path of files alone needs none of Hydra's plugins, which take 40 ms to look for.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.core_plugins.structured_config_source import StructuredConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.config_source import ConfigSource as HydraSource
from omegaconf import Container, DictConfig, OmegaConf, open_dict
from omegaconf.basecontainer import get_yaml_loader  # type: ignore[attr-defined]  # 2.3 and 2.4 keep it elsewhere

from accelerator.config.project import ConfigSource
from accelerator.hostile_yaml import HostileYamlError, fastest_loader, measure_yaml

_HEADER_LENGTH = 512  # as far as Hydra looks for `# @package`
_SCALAR = yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG

_MOST_READ = 1000
_read: dict[tuple[str, str, str], Any] = {}
"""What was read before, by its text: a pipeline composes one config a step, of much the same files. Who merges it, and
so takes its nodes over, merges a copy."""


def files_alone(sources: Sequence[ConfigSource]) -> ConfigSearchPath:
    """Return a search path without what Hydra and its plugins bring."""
    path = ConfigSearchPathImpl()
    path.append("schema", StructuredConfigSource.scheme() + "://")
    return _prepended(path, sources)


def with_hydras_own(sources: Sequence[ConfigSource]) -> ConfigSearchPath:
    """Return a search path that has Hydra's own configs too, and those of its plugins."""
    return _prepended(create_config_search_path(None), sources)


def _prepended(path: ConfigSearchPath, sources: Sequence[ConfigSource]) -> ConfigSearchPath:
    for source in sources:
        path.prepend(source.provider, str(source.path), anchor="schema")
    return path


class MeasuringRepository(ConfigRepository):
    """Hydra's access to the files of a search path, which measures a file before it is read.

    `notice` gets its text. It has to be a plain function: Hydra works on deep copies of a repository.
    """

    def __init__(self, path: ConfigSearchPath, notice: Callable[[str], None]) -> None:
        super().__init__(path)
        self._notice = notice

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """Take our own way to files; the other kinds are Hydra's, which its plugins have registered."""
        self.sources = [
            _kind_of(self._get_scheme(str(item.path)))(str(item.provider), str(item.path))
            for item in config_search_path.get_path()
        ]

    def load_config(self, config_path: str) -> Any:
        """Read a config, once it is known to be one that can be read.

        Raises:
            HostileYamlError: it stands for too much; says which file.
        """
        source = self._find_object_source(config_path=config_path, object_type=ObjectType.CONFIG)
        if not isinstance(source, _ConfigFiles):
            return super().load_config(config_path)
        file = source.file_of(config_path)
        text = file.read_text(encoding="utf-8")
        self._notice(text)
        key = (source.provider, str(file), text)
        if key not in _read:
            _measure(file, text)
            if len(_read) >= _MOST_READ:
                _read.clear()
            _read[key] = super().load_config(config_path)
        return _read[key]


def _measure(file: Path, text: str) -> None:
    try:
        measure_yaml(text)
    except HostileYamlError as error:
        raise HostileYamlError(f"{file}: {error}") from error
    except yaml.YAMLError:  # who reads it next says where
        pass


class _ConfigFiles(FileConfigSource):
    """A folder of config files, read as Hydra reads it, in a fifth of the time."""

    def file_of(self, config_path: str) -> Path:
        """Return the file of a config: `model/mlp` lies in `model/mlp.yaml`."""
        return Path(self.path, self._normalize_file_name(config_path))

    def load_config(self, config_path: str) -> ConfigResult:
        """Read a config; what is no mapping, or no sound YAML, is left to Hydra, whose words for it are known."""
        text = self.file_of(config_path).read_text(encoding="utf-8")
        try:
            content = yaml.load(text, Loader=_LOADER)
        except yaml.YAMLError:
            content = None
        if not isinstance(content, dict):
            return super().load_config(config_path)
        return ConfigResult(
            provider=self.provider,
            path=f"{self.scheme()}://{self.path}",
            config=OmegaConf.create(content),
            header=self._get_header_dict(text[:_HEADER_LENGTH]),
        )


def _kind_of(scheme: str) -> type[HydraSource]:
    ours = {FileConfigSource.scheme(): _ConfigFiles, StructuredConfigSource.scheme(): StructuredConfigSource}
    return ours.get(scheme) or SourcesRegistry.instance().resolve(scheme)


def _fast_loader() -> Any:
    """Return OmegaConf's loader as it is from 2.4 on: with its rules, by libyaml's parser where that was built in."""
    theirs = get_yaml_loader()
    base = fastest_loader()
    if issubclass(theirs, base):
        return theirs

    class Loader(base):  # type: ignore[misc, valid-type]
        yaml_implicit_resolvers = theirs.yaml_implicit_resolvers
        yaml_constructors = theirs.yaml_constructors

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
            names = [key.value for key, _ in node.value if key.tag == _SCALAR]
            if len(set(names)) < len(names):
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
            return super().construct_mapping(node, deep=deep)

    return Loader


_LOADER = _fast_loader()


def name_the_key_on(config: Container) -> None:
    """Give the key `on` of a metric its name back: YAML 1.1 reads a bare `on` as true."""
    metrics = config._get_node("metric") if isinstance(config, DictConfig) else None
    for _, metric in metrics.items_ex(resolve=False) if isinstance(metrics, DictConfig) and metrics else ():
        if isinstance(metric, DictConfig) and not metric._is_none() and metric._get_node(True) is not None:
            with open_dict(metric):
                metric["on"] = metric.pop(True)
