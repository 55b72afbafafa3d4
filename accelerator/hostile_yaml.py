"""YAML that may come from a stranger, measured before it is expanded.

A file of a few lines can stand for gigabytes (aliases of aliases), or for more levels than a parser can climb down.
Here only the parser's events are counted, which costs neither: 0.25 ms for one of our config files.
"""

from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 8 * 1024 * 1024
MOST_VALUES = 200_000
DEEPEST = 60
LONGEST_NUMBER = 400


class HostileYamlError(ValueError):
    """YAML that would be too large, too deep or endless once it is read."""


def measure_yaml(text: str) -> None:
    """Let pass what a config can be.

    Raises:
        HostileYamlError: more bytes, values or levels than any config has, or a value that holds itself.
        yaml.YAMLError: not YAML.
    """
    if len(text) > MOST_BYTES:
        raise HostileYamlError(f"it has more than {MOST_BYTES // 2**20} MB, and no config has so much")
    import yaml  # 15 ms, and only who looks into a config needs it

    measure = _Measure()
    for event in yaml.parse(text, Loader=fastest_loader()):
        problem = measure.take(event)
        if problem:
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            raise HostileYamlError(f"{problem} (line {line})")


def fastest_loader() -> Any:
    """Return the safe parser of YAML: libyaml's where it was built in, 8 times as fast as the one in Python."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class _Measure:
    """What was counted so far.

    | attribute | type | holds |
    |---|---|---|
    | sizes | dict | how many values each anchor stands for |
    | levels | list | anchor and number of values of each collection that is open, the document first |
    """

    sizes: dict[str, int] = field(default_factory=dict)
    levels: list[tuple[str | None, int]] = field(default_factory=lambda: [(None, 0)])

    def take(self, event: Any) -> str:
        """Count one event; return what is wrong with it, or ""."""
        kind = type(event).__name__
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            self.levels.append((event.anchor, 1))
            return f"more than {DEEPEST} levels stand in one another" if len(self.levels) > DEEPEST else ""
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            return self._add(*self.levels.pop())
        if kind == "AliasEvent":
            if any(anchor == event.anchor for anchor, _ in self.levels):
                return f"the value '{event.anchor}' holds itself"
            return self._add(None, self.sizes.get(event.anchor or "", 1))
        if kind == "ScalarEvent":
            is_number = event.implicit[0] and event.value.lstrip("+-")[:1].isdigit()
            if is_number and len(event.value) > LONGEST_NUMBER:
                return f"a number has {len(event.value)} digits"
            return self._add(event.anchor, 1)
        return ""

    def _add(self, anchor: str | None, size: int) -> str:
        if anchor is not None:
            self.sizes[anchor] = size
        owner, total = self.levels[-1]
        self.levels[-1] = (owner, total + size)
        return f"its aliases stand for more than {MOST_VALUES} values" if total + size > MOST_VALUES else ""
