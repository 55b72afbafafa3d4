"""Drift between configs and the signatures of their components, told with its mend."""

import re
import sys
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.scaffold.add_check import add_check
from tests.unit.scaffold.conftest import PYPROJECT, start

REPOSITORY = Project(Path(__file__).parents[3])
MODULE = '''\
"""A loss of the project."""


class Gentle:
    """A loss."""

    def __init__(self, {parameters}) -> None: ...

    def __call__(self, prediction, target): ...
'''
CONFIG = """\
gentle:
  loss:
    _target_: gentle
    share: 0.1 # float = 0.1; of what
    {line}
  weight: 1.0
"""
POINT = '\n[project.entry-points."accelerator.loss"]\ngentle = "gentle_losses:Gentle"\n'


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())


def _project(root: Path, parameters: str, line: str, config: str = CONFIG) -> Project:
    project = start(root, PYPROJECT + POINT)
    (root / "gentle_losses.py").write_text(MODULE.format(parameters=parameters), encoding="utf-8")
    (root / "configs/loss").mkdir(parents=True)
    (root / "configs/loss/gentle.yaml").write_text(config.replace("{line}", line), encoding="utf-8")
    return project


def _told(project: Project) -> list[str]:
    return [str(problem) for problem in add_check(project).problems]


@pytest.mark.parametrize(
    ("parameters", "line"),
    [
        ("share: float = 0.1, size: int = 3", "size: 3 # int = 3"),
        ("share: float = 0.1, size: int = 3", "size: 4 # int = 3"),
        ("share: float = 1e-1, size: int = 3", "# size: 3 # int = 3"),
        ("share: float = 0.1, size: int = 3", "size: 3 # as large as 3"),
        ("share: float = 0.1, **others", "size: 3"),
        ("share: float = 0.1, *, size: int", "size: ??? # int, required"),
        ("size: int, share: float = 0.1", "_args_: [3]"),
        ("size: int, share: float = 0.1", "_partial_: true"),
    ],
)
def test_what_fits_is_not_told(parameters: str, line: str, tmp_path: Path) -> None:
    drift = add_check(_project(tmp_path, parameters, line))

    assert (drift.num_nodes, drift.problems) == (1, ())


@pytest.mark.parametrize(
    ("parameters", "line", "message", "mended"),
    [
        (
            "share: float = 0.1, length: int = 3",
            "lenght: 3",
            "gentle.loss.lenght (configs/loss/gentle.yaml:5): gentle_losses.Gentle has no argument 'lenght' any more. "
            "Did you mean 'length'? Known: length, share. Rename or remove the line.",
            "length: 3",
        ),
        (
            "share: float = 0.1",
            "# size: [1, 2] # tuple[int, ...] = (1, 2)",
            "gentle.loss.size (configs/loss/gentle.yaml:5): gentle_losses.Gentle has no argument 'size' any more, "
            "which this comment tells of. Remove the line.",
            "",
        ),
        (
            "size: int, share: float = 0.1",
            "",
            "gentle.loss.size (configs/loss/gentle.yaml:3): gentle_losses.Gentle needs the argument 'size' now. "
            "Add the line size: ??? # int, required.",
            "size: ??? # int, required",
        ),
        (
            "size: int, share: float = 0.1",
            "# size: 3 # int = 3",
            "gentle.loss.size (configs/loss/gentle.yaml:3): gentle_losses.Gentle needs the argument 'size' now. "
            "Add the line size: ??? # int, required.",
            "size: ??? # int, required",
        ),
        (
            "share: float = 0.1, size: int = 5",
            "size: 3 # int = 3",
            "gentle.loss.size (configs/loss/gentle.yaml:5): gentle_losses.Gentle has 'int = 5' for it now, and the "
            "comment says 'int = 3'. Write # int = 5 there, after a look at whether the value still fits.",
            "size: 3 # int = 5",
        ),
        (
            "share: float = 0.1, size: float = 3",
            "size: 3 # int = 3",
            "gentle.loss.size (configs/loss/gentle.yaml:5): gentle_losses.Gentle has 'float = 3' for it now, and the "
            "comment says 'int = 3'. Write # float = 3 there, after a look at whether the value still fits.",
            "size: 3 # float = 3",
        ),
        (
            "share: float = 0.1, size: int = 3",
            "size: 7 # int, required",
            "gentle.loss.size (configs/loss/gentle.yaml:5): gentle_losses.Gentle has 'int = 3' for it now, and the "
            "comment says 'int, required'. Write # int = 3 there, after a look at whether the value still fits.",
            "size: 7 # int = 3",
        ),
    ],
)
def test_drift_is_told_and_its_mend_mends(
    parameters: str, line: str, message: str, mended: str, tmp_path: Path
) -> None:
    project = _project(tmp_path, parameters, line)

    assert _told(project) == [message]
    (tmp_path / "configs/loss/gentle.yaml").write_text(CONFIG.replace("{line}", mended), encoding="utf-8")
    assert _told(project) == []


def test_a_fact_of_the_data_is_proposed_as_null(tmp_path: Path) -> None:
    project = start(tmp_path)
    (tmp_path / "configs/model").mkdir(parents=True)
    (tmp_path / "configs/model/mine.yaml").write_text("_target_: resnet8\n", encoding="utf-8")

    assert _told(project) == [
        "num_classes (configs/model/mine.yaml:1): accelerator.domain.cv.resnet.resnet8 needs the argument "
        "'num_classes' now. Add the line num_classes: null # int, required."
    ]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("gentel", r"There is no loss 'gentel'\. Did you mean 'gentle'\?"),
        ("os.system", r"'os\.system' is not trusted: a config may name .* add 'os.system' to `trust` in the project's"),
        ("gentle_losses.Gone", r"'gentle_losses\.Gone' does not import: "),
    ],
)
def test_a_target_that_is_gone_is_told(target: str, message: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "", "", CONFIG.replace("_target_: gentle", f"_target_: {target}"))

    (told,) = _told(project)

    assert re.match(rf"gentle\.loss\._target_ \(configs/loss/gentle\.yaml:3\): {message}", told)


def test_nested_nodes_and_those_of_other_kinds_are_looked_at(tmp_path: Path) -> None:
    nested = """\
gentle:
  loss:
    _target_: gentle
    parts:
      - {_target_: torch.nn.L1Loss, reduktion: mean}
      - _target_: ${vars.chosen}
  transform: {_target_: random_flip, chance: 0.1}
"""
    project = _project(tmp_path, "parts: list", "", nested)

    told = _told(project)

    assert add_check(project).num_nodes == 4
    assert [text.partition(":")[0] for text in told] == [
        "gentle.loss.parts.0.reduktion (configs/loss/gentle.yaml",
        "gentle.transform.chance (configs/loss/gentle.yaml",
    ]


def test_a_file_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    project = _project(tmp_path, "", "", "a: [")

    with pytest.raises(InputError, match=r"accelerator add --check: .*gentle.yaml is no YAML \(.*\). Repair the file."):
        add_check(project)


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    assert add_check(_project(tmp_path, "", "", "")).num_nodes == 0


def test_our_own_configs_fit() -> None:
    drift = add_check(REPOSITORY)

    assert drift.num_nodes > 20
    assert drift.problems == ()
