"""Which code a step runs, as far as it can change the result: the packages of its components.

The project's own modules are known by the content of their files: those of a component's top-level package or module,
and of those of the project that it imports. A script of the project that a step's arguments name (`command: [python,
scripts/shrink.py]`) counts likewise. What is installed is known by its version, and by its files where it is installed
to be edited (`pip install -e`), as ours is in a checkout.
"""

import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from accelerator.components import Registry, is_bare_name
from accelerator.config.project import Project
from accelerator.config.trust import OUR_DISTRIBUTION, OUR_PACKAGE
from accelerator.errors import ComponentError
from accelerator.pipeline.content_hash import ContentHashes, hash_of_value
from accelerator.pipeline.inputs import own_files

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([A-Za-z_].*))", re.MULTILINE)
_FIRST_PART = re.compile(r"(?:^|,)\s*([A-Za-z_]\w*)")
_NOT_FOR_RESULTS = ("cli", "pipeline", "scaffold", "testing", "tracking")
"""Rooms of ours that compute nothing a step gives."""
_OF_STEPS = f"{OUR_PACKAGE}.pipeline.steps"
"""The steps that ship: no part of what all others are known by. What plans and runs pipelines counts for none."""
_ALWAYS = ("torch",)
_SCRIPTS = (".py", ".sh")


@dataclass(frozen=True)
class CodeVersions:
    """Finds the versions of code; each package's once."""

    project: Project
    registry: Registry
    hashes: ContentHashes
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    """Top-level package -> what was found for it."""
    files: dict[str, list[Path]] = field(default_factory=dict)
    """Top-level module or package -> its source files in the project."""

    def of_targets(self, targets: Iterable[tuple[str, str]], arguments: Iterable[Any] = ()) -> dict[str, str]:
        """Return versions and hashes by name for the code of components, sorted.

        Args:
            targets: kind and `_target_` of each.
            arguments: values that may name scripts of the project.
        """
        scripts = self._scripts(arguments)
        found = self._hashed(scripts)
        tops = {self._top(kind, name) for kind, name in targets} | {OUR_PACKAGE, *_ALWAYS, *self._imported_by(scripts)}
        queue, seen = sorted(tops), set(tops)
        while queue:
            top = queue.pop()
            found.update(self._of_package(top))
            for imported in self._imported_by(self._own_files(top)):
                if imported not in seen:
                    seen.add(imported)
                    queue.append(imported)
        return dict(sorted(found.items()))

    def _top(self, kind: str, name: str) -> str:
        if is_bare_name(name) or "::" in name:
            try:
                name = self.registry.find(name, kind).path
            except ComponentError:  # the check has told
                return OUR_PACKAGE
        return _OF_STEPS if name.startswith(f"{_OF_STEPS}.") else name.partition(".")[0]

    def _of_package(self, top: str) -> dict[str, str]:
        if top not in self.known:
            files = self._own_files(top)
            self.known[top] = self._hashed(files) if files else _installed(top, self.hashes)
        return self.known[top]

    def _hashed(self, files: Iterable[Path]) -> dict[str, str]:
        root = self.project.root
        return {path.relative_to(root).as_posix(): self.hashes.of_file(path) for path in files}

    def _scripts(self, arguments: Iterable[Any]) -> list[Path]:
        """Return the scripts of the project that words of texts name, alone or in a list."""
        texts = [text for value in arguments for text in (value if isinstance(value, list) else [value])]
        words = [word for text in texts if isinstance(text, str) for word in _words(text)]
        named = [own_files(word.replace("{project}", str(self.project.root)), self.project) for word in words]
        inside, root = self.project.root.resolve(), self.project.root
        found = {path for path in named if path is not None and path.is_relative_to(inside) and _is_script(path)}
        return [root / path.relative_to(inside) for path in sorted(found)]

    def _imported_by(self, files: Iterable[Path]) -> Iterator[str]:
        """Yield the project's top-level names that files of it import."""
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace")
            for origin, modules in _IMPORT.findall(text):
                names = [origin] if origin else _FIRST_PART.findall(modules)
                yield from (name for name in names if self._own_files(name))

    def _own_files(self, top: str) -> list[Path]:
        """Return the source files of a top-level module or package of the project; none of anything else."""
        if top not in self.files:
            self.files[top] = [] if top in (OUR_PACKAGE, _OF_STEPS) else self._find_files(top)
        return self.files[top]

    def _find_files(self, top: str) -> list[Path]:
        for place in self.project.module_folders:
            if (place / f"{top}.py").is_file():
                return [place / f"{top}.py"]
            if (place / top / "__init__.py").is_file():
                return sorted((place / top).rglob("*.py"))
        folders = [place / top for place in self.project.module_folders if (place / top).is_dir()]
        if not folders or _is_elsewhere(top):
            return []
        return sorted(path for folder in folders for path in folder.rglob("*.py"))


def targets_in(value: Any, kind: str) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every `_target_` in a node of plain values."""
    if isinstance(value, Mapping):
        if isinstance(value.get("_target_"), str):
            yield kind, value["_target_"]
        for item in value.values():
            yield from targets_in(item, kind)
    elif isinstance(value, list):
        for item in value:
            yield from targets_in(item, kind)


def _is_elsewhere(top: str) -> bool:
    """Tell whether a name is a module or a whole package of the Python path, which a folder of that name is not."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def _installed(top: str, hashes: ContentHashes) -> dict[str, str]:
    is_ours = top in (OUR_PACKAGE, _OF_STEPS)
    name = OUR_DISTRIBUTION if is_ours else _distribution_of(top)
    try:
        found = metadata.distribution(name)
        version, is_edited = found.version, _is_editable(found)
    except metadata.PackageNotFoundError:  # a package that lies on the path
        version, is_edited = "", True
    if is_ours:
        is_edited = not {"site-packages", "dist-packages"} & set(Path(__file__).parts)
    if not is_edited:
        return {name: version}
    name = top if top == _OF_STEPS else name
    return {name: f"{version}+{_hash_of_sources(top, hashes)}".lstrip("+")}


def _distribution_of(top: str) -> str:
    try:
        return metadata.distribution(top).name
    except metadata.PackageNotFoundError:  # `sklearn` belongs to scikit-learn
        return (metadata.packages_distributions().get(top) or [top])[0]


def _is_editable(found: metadata.Distribution) -> bool:
    text = found.read_text("direct_url.json")
    try:
        return bool(text and json.loads(text).get("dir_info", {}).get("editable"))
    except (ValueError, AttributeError):
        return False


def _hash_of_sources(top: str, hashes: ContentHashes) -> str:
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py")) if _counts(path, folder, top)]
    if not files and spec.origin:
        files = [Path(spec.origin)]
    return hash_of_value([[path.name, hashes.of_file(path)] for path in files])[:12]


def _counts(path: Path, folder: Path, top: str) -> bool:
    return top != OUR_PACKAGE or path.relative_to(folder).parts[0] not in _NOT_FOR_RESULTS


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote: a text of another kind
        return []


def _is_script(path: Path) -> bool:
    return path.is_file() and (path.suffix in _SCRIPTS or os.access(path, os.X_OK))
