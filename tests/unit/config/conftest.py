"""A user's project in a temporary folder, beside our own components."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelerator.components import Registry
from accelerator.config.compose import ComposedConfig, compose
from accelerator.config.project import Project

REPOSITORY = Path(__file__).resolve().parents[3]

Write = Callable[[str, str], Path]
Compose = Callable[..., ComposedConfig]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.discover(REPOSITORY)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "configs").mkdir()
    return Project(tmp_path)


@pytest.fixture
def write(project: Project) -> Write:
    """Write a file of the project's configs: `write("model/mine.yaml", text)`."""

    def write_config(name: str, text: str) -> Path:
        path = project.configs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_config


@pytest.fixture
def composed(project: Project, registry: Registry) -> Compose:
    """Compose in the temporary project: `composed("experiment=x", "seed=1")`."""

    def compose_here(*overrides: str) -> ComposedConfig:
        return compose(overrides, project=project, registry=registry)

    return compose_here
