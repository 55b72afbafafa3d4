"""Which configs hide others of the same name: the first folder of the search path that has a name wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accelerator.config.project import ConfigSource

_SUFFIX = ".yaml"


@dataclass(frozen=True)
class Shadow:
    """A config that more than one folder of the search path has: `model/mlp`, who wins, and who is hidden."""

    name: str
    winner: ConfigSource
    hidden: tuple[ConfigSource, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        sources = [{"provider": item.provider, "path": self._path(item)} for item in (self.winner, *self.hidden)]
        return {"name": self.name, "winner": sources[0], "hidden": sources[1:]}

    def _path(self, source: ConfigSource) -> str:
        return str(source.path / f"{self.name}{_SUFFIX}")


def find_shadows(sources: Sequence[ConfigSource]) -> tuple[Shadow, ...]:
    """Return every config that is hidden, sorted by name. `sources` is the search path, first wins."""
    owners: dict[str, list[ConfigSource]] = {}
    for source in sources:
        for path in source.path.rglob(f"*{_SUFFIX}"):
            owners.setdefault(path.relative_to(source.path).as_posix().removesuffix(_SUFFIX), []).append(source)
    return tuple(Shadow(name, first, tuple(rest)) for name, (first, *rest) in sorted(owners.items()) if rest)
