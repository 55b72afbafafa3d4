"""The defaults list of one config file: its entries with their lines, and what is no entry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from accelerator.errors import Problem

SELF = "_self_"
_LINE = "Write each entry on a line of its own: - override /model: mlp"


@dataclass(frozen=True)
class DefaultsEntry:
    """One line of a defaults list: `- override /transform@transform.train: [a, b]`, or a plain name."""

    place: str
    """`file:line`."""
    group: str
    """The group from the root of the configs, or "" for a plain name."""
    written: str
    """The group as it is written: without a slash in front it is looked for below the folder of the file."""
    package: str
    """Where the chosen config goes, when the entry says so."""
    options: tuple[str, ...]
    is_override: bool
    is_optional: bool

    @property
    def choice(self) -> str:
        """What is chosen, as an override of the command line names it: `model`, `transform@transform.train`."""
        is_said = self.package and self.package != self.group.replace("/", ".")
        return f"{self.group}@{self.package}" if is_said else self.group

    @property
    def names(self) -> tuple[str, ...]:
        """The configs that it leads to, as Hydra names them."""
        return tuple(f"{self.group}/{option}" if self.group else option for option in self.options)

    @property
    def text(self) -> str:
        """The entry without `override`, from the root of the configs."""
        return f"/{self.choice}: {self.chosen}" if self.group else self.chosen

    @property
    def chosen(self) -> str:
        """The options, as a file has them."""
        options = ", ".join(self.options)
        return f"[{options}]" if len(self.options) > 1 else options or "null"


@dataclass(frozen=True)
class DefaultsList:
    """What stands under `defaults` in one file."""

    node: yaml.Node | None
    line: int
    folder: str
    """The group that the file is a config of."""
    shown: str
    """The file, as messages name it."""
    is_config: bool = True
    """Whether the file is a mapping, or empty."""

    @classmethod
    def of(cls, root: yaml.Node | None, folder: str, shown: str) -> "DefaultsList":
        """Find it in the root node of a file."""
        keys = root.value if isinstance(root, yaml.MappingNode) else ()
        key, node = next(((key, value) for key, value in keys if key.value == "defaults"), (None, None))
        is_config = root is None or isinstance(root, yaml.MappingNode) or root.value == ""
        return cls(node, 0 if key is None else key.start_mark.line + 1, folder, shown, is_config)

    def entries(self) -> list[DefaultsEntry]:
        """Return the entries that have the form of one, in order."""
        return [self._entry(item) for item in self._items if not _misformed(item)]

    def problems(self) -> Iterator[Problem]:
        """Yield what does not have the form that Hydra reads."""
        if not self.is_config:
            yield Problem("", "must be a mapping of keys to values", "Write KEY: VALUE in it", f"{self.shown}:1")
        if self.node is not None and not isinstance(self.node, yaml.SequenceNode):
            what = "a mapping" if isinstance(self.node, yaml.MappingNode) else f"{self.node.value!r}"
            yield Problem("defaults", f"must be a list, not {what}", _LINE, f"{self.shown}:{self.line}")
        for item in self._items:
            if what := _misformed(item):
                yield Problem("defaults", what, _LINE, self._place(item))
        for item in [item for item in self._items if item.value == SELF][1:]:
            yield Problem("defaults", f"{SELF} stands there twice", "Remove one of them", self._place(item))

    @property
    def _items(self) -> Sequence[yaml.Node]:
        return self.node.value if isinstance(self.node, yaml.SequenceNode) else ()

    def _place(self, item: yaml.Node) -> str:
        return f"{self.shown}:{item.start_mark.line + 1}"

    def _entry(self, item: yaml.Node) -> DefaultsEntry:
        if not isinstance(item, yaml.MappingNode):
            name = str(item.value).partition("@")[0]
            return DefaultsEntry(self._place(item), "", "", "", (self._from_root(name),), False, False)
        key, value = item.value[0]
        *words, choice = str(key.value).split()
        written, _, package = choice.partition("@")
        group, is_override = self._from_root(written), "override" in words
        return DefaultsEntry(
            self._place(item), group, written, package, _options(value), is_override, "optional" in words
        )

    def _from_root(self, name: str) -> str:
        if name.startswith("/") or name == SELF or not self.folder:
            return name.lstrip("/")
        return f"{self.folder}/{name}"


def _misformed(item: yaml.Node) -> str:
    """Return what is wrong with the form of an entry; "" for a name, or one group with its choice."""
    if isinstance(item, yaml.SequenceNode):
        return "a list stands where an entry belongs"
    if isinstance(item, yaml.MappingNode) and len(item.value) != 1:
        keys = ", ".join(f"'{key.value}'" for key, _ in item.value)
        return f"one entry holds several groups: {keys}" if keys else "an empty mapping stands where an entry belongs"
    return ""


def _options(value: yaml.Node) -> tuple[str, ...]:
    if isinstance(value, yaml.SequenceNode):
        return tuple(str(item.value) for item in value.value)
    return () if value.tag == "tag:yaml.org,2002:null" else (str(value.value),)
