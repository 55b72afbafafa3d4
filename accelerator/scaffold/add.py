"""`accelerator add KIND NAME`: a component that works at once, from our templates or around a class that exists."""

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelerator.components import KINDS, Registry
from accelerator.config.project import CONFIGS, Project, search_path
from accelerator.errors import InputError
from accelerator.scaffold.add_derived import derived_files, with_schema_line
from accelerator.scaffold.add_entry_point import PYPROJECT, entry_point, with_entry_point
from accelerator.scaffold.add_files import PlannedFile, Written, one_at_a_time, write_all
from accelerator.scaffold.add_names import COMMAND, checked_kind, checked_name, refuse_clash
from accelerator.scaffold.add_package import Package, find_package
from accelerator.scaffold.add_parameters import MISSING
from accelerator.scaffold.add_templates import CONFIG, CONFTEST, MODULE, NO_STEPS, TEST, Filling, filled
from accelerator.scaffold.add_wrapped import wrapped_config
from accelerator.scaffold.record import FOLDER

TESTS = "tests"
# How a component is chosen in an experiment, by kind; a pipeline step is named in a pipeline.
_CHOICES = {
    "metric": '"metric=[accuracy,{name}]"',
    "callback": '"callback=[progress,{name}]"',
    "transform": '"transform@transform.train=[{name}]"',
    "sample_transform": '"sample_transform@sample_transform.train=[{name}]"',
}


@dataclass(frozen=True)
class Added:
    """What was done, with paths from the project root: files written, files changed, copies of what was replaced."""

    written: tuple[str, ...]
    changed: tuple[str, ...]
    backups: tuple[str, ...]
    to_fill_in: tuple[str, ...]
    """Configs in which something is required that only the user knows: `???` stands in its place."""
    next_command: str
    """What to type to use it; "" where nothing runs it alone."""


@dataclass(frozen=True)
class _Request:
    project: Project
    kind: str
    name: str
    force: bool

    @property
    def command(self) -> str:
        return f"{COMMAND} {self.kind} {self.name}"


def add(kind: str, name: str, *, project: Project, source: str | None = None, force: bool = False) -> Added:
    """Write a component's module, config and test, and declare it in the project's `pyproject.toml`; all or nothing.

    With `source`, a class that exists (`torch.nn.HuberLoss`), a config alone is written: what the project trusts
    needs no module of its own to be named.

    Raises:
        UsageError: there is no such kind, or the name is none.
        InputError: another distribution has the name, a file stands in the way (and not `force`), the project lacks
            what a component needs, or a file cannot be written. Nothing is different then from what it was.
    """
    kind = checked_kind(kind, needs_template=source is None)
    request = _Request(project, kind, checked_name(kind, name), force)
    with one_at_a_time(project.root):
        files = _planned(request, source)
        derived = functools.partial(derived_files, project, kind)
        return _added(request, write_all(files, project.root, request.command, force=force, derived=derived))


def _planned(request: _Request, source: str | None) -> list[PlannedFile]:
    project, kind, name = request.project, request.kind, request.name
    registry = Registry.discover(project.root)
    declared = _read_pyproject(project)
    distribution = str(declared.get("name", ""))
    refuse_clash(kind, name, registry, distribution, search_path(project, registry))
    needs_package = source is None and kind in KINDS
    if not (distribution if needs_package else declared or project.configs.is_dir()):
        raise InputError(_no_project(request))
    if source is not None:
        command = f"{request.command} --from {source}"
        return [_config(request, wrapped_config(kind, name, source, project, registry, command))]
    if needs_package:
        return _component(request, find_package(project, distribution, registry, request.command))
    return _config_only(request, registry, distribution)


def _component(request: _Request, package: Package) -> list[PlannedFile]:
    project, kind, name = request.project, request.kind, request.name
    # a package model/ beside a module model.py would take its place
    room = f"{kind}_components" if (package.folder / f"{kind}.py").exists() else kind
    folder = package.folder / room
    filling = Filling(kind, name, f"{package.name}.{room}.{name}")
    target = f"{filling.module}:{filling.object}"
    files = [
        _new(path, f'"""{text}"""\n')
        for path, text in (
            (package.folder / "__init__.py", f"The package of {package.name}."),
            (folder / "__init__.py", f"Components of kind {kind}, one a module."),
        )
        if not path.exists()
    ]
    files.append(_new(folder / f"{name}.py", filling.text(MODULE)))
    return [*files, *_config_and_test(request, filling), _declared(request, project.root / PYPROJECT, target)]


def _config_only(request: _Request, registry: Registry, distribution: str) -> list[PlannedFile]:
    steps = [item.name for item in registry.of_kind("pipeline_step") if item.distribution == distribution]
    if request.kind == "pipeline" and not steps:
        return list(_config_and_test(request, Filling(request.kind, request.name), config=NO_STEPS))
    filling = Filling(request.kind, request.name, values={"step": next(iter(steps), "")})
    return list(_config_and_test(request, filling))


def _config_and_test(request: _Request, filling: Filling, config: str = CONFIG) -> Sequence[PlannedFile]:
    project, tests = request.project, request.project.root / TESTS
    test = tests / request.kind / f"test_{request.name}.py"
    settings = _pytest_settings(project.root)
    if "importlib" not in settings and any(path != test for path in tests.rglob(test.name)):
        # two modules of one name are one to pytest, unless it is told to import in another way
        test = test.with_name(f"test_{request.kind}_{request.name}.py")
    files = [
        _config(request, filling.text(config)),
        _new(test, filling.text(TEST)),
    ]
    if "pythonpath" not in settings and not any((base / CONFTEST).exists() for base in (tests, project.root)):
        files.append(_new(tests / CONFTEST, filled(CONFTEST)))
    return files


def _config(request: _Request, text: str) -> PlannedFile:
    path = request.project.configs / request.kind / f"{request.name}.yaml"
    return _new(path, with_schema_line(text, path, request.project))


def _declared(request: _Request, pyproject: Path, target: str) -> PlannedFile:
    before = pyproject.read_bytes()
    text = before.decode("utf-8")
    existing = entry_point(text, request.kind, request.name)
    if existing not in (None, target) and not request.force:
        raise InputError(
            f"{request.command}: {PYPROJECT} declares {request.name} to be {existing} already. "
            f"Choose another name, or add --force to declare {target} instead."
        )
    after = with_entry_point(text, request.kind, request.name, target, request.command)
    return PlannedFile(pyproject, after.encode("utf-8"), before, keeps_copy=existing not in (None, target))


def _new(path: Path, text: str) -> PlannedFile:
    return PlannedFile(path, text.encode("utf-8"))


def _read_pyproject(project: Project) -> dict[str, object]:
    """Return the table `[project]`, {} when there is none; `Registry.discover` has found the file to be sound."""
    path = project.root / PYPROJECT
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}) if path.is_file() else {}
    return dict(table)


def _pytest_settings(root: Path) -> str:
    """Return the text of all files that may tell pytest where and how it imports."""
    files = [root / name for name in (PYPROJECT, "pytest.toml", "pytest.ini", "tox.ini", "setup.cfg")]
    return "".join(path.read_text(encoding="utf-8") for path in files if path.is_file())


def _no_project(request: _Request) -> str:
    path = request.project.root / PYPROJECT
    lack = "has no [project] with a name" if path.is_file() else "is not there"
    return (
        f"{request.command}: {path} {lack}, and components are declared in it. Start a project with "
        f"accelerator configure init, or write [project] with name and version into {PYPROJECT}."
    )


def _added(request: _Request, written: Written) -> Added:
    root, kind, name = request.project.root, request.kind, request.name
    experiment = name if kind == "experiment" else "digits_resnet"
    choice = _CHOICES.get(kind, "{kind}={name}").format(kind=kind, name=name) if kind in KINDS else ""
    command = f"accelerator experiment train experiment={experiment} {choice}".strip()
    new, changed, backups = (
        tuple(path.relative_to(root).as_posix() for path in paths if not path.is_relative_to(root / FOLDER))
        for paths in (written.new, written.changed, written.backups)
    )
    to_fill_in = tuple(name for name in new if name.startswith(CONFIGS) and MISSING in (root / name).read_text("utf-8"))
    return Added(new, changed, backups, to_fill_in, "" if kind in ("pipeline", "pipeline_step") else command)
