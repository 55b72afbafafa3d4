"""Which of our code a step is known by: what computes its result, and no more."""

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from accelerator.components import Registry
from accelerator.config.project import Project
from accelerator.pipeline import code_versions
from accelerator.pipeline.code_versions import CodeVersions
from accelerator.pipeline.content_hash import ContentHashes

FILES = ("pipeline/runner.py", "pipeline/board.py", "cli/main.py", "pipeline/steps/evaluate.py", "experiment/train.py")
SHIPPED, TRAINING = [("pipeline_step", "evaluate")], [("model", "resnet8")]


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a package in the place of ours, as in a checkout."""

    def find(name: str) -> ModuleSpec | None:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(tmp_path.joinpath(*name.split(".")))]
        return spec if name.startswith("accelerator") else None

    monkeypatch.setattr(code_versions, "find_spec", find)
    for name in FILES:
        change(tmp_path / "accelerator", name, "")
    return tmp_path / "accelerator"


def change(package: Path, name: str, text: str) -> None:
    """Write a file of the package."""
    (package / name).parent.mkdir(parents=True, exist_ok=True)
    (package / name).write_text(text)


def versions(package: Path, targets: list[tuple[str, str]]) -> dict[str, str]:
    """Return what a step with these components is known by, as a new command finds it."""
    root = package.parent
    return CodeVersions(Project(root), Registry.discover(root), ContentHashes(root / "hashes.json")).of_targets(targets)


@pytest.mark.parametrize(
    ("name", "of_shipped", "of_training"),
    [
        ("pipeline/runner.py", False, False),
        ("pipeline/board.py", False, False),
        ("cli/main.py", False, False),
        ("pipeline/steps/evaluate.py", True, False),
        ("experiment/train.py", True, True),
    ],
)
def test_a_change_reaches_the_steps_whose_result_it_can_change(
    ours: Path, name: str, of_shipped: bool, of_training: bool
) -> None:
    before = [versions(ours, SHIPPED), versions(ours, TRAINING)]

    change(ours, name, "changed = True\n")

    after = [versions(ours, SHIPPED), versions(ours, TRAINING)]
    assert [one != other for one, other in zip(before, after, strict=True)] == [of_shipped, of_training]
    assert {"accelerator.pipeline.steps", "torch"} < before[0].keys()


def test_a_folder_without_init_is_a_package_too_and_so_is_all_that_it_imports(tmp_path: Path) -> None:
    files = {
        "bare/model.py": "import os as system, my_layers\nimport bare.deep.parts, my_sizes\nfrom my_names import x\n",
        "bare/deep/parts.py": "",
        **{f"{name}.py": "" for name in ("my_layers", "my_sizes", "my_names", "unused")},
        "torch/notes.py": "",  # no package: the one that is installed comes first
    }
    for name, text in files.items():
        change(tmp_path, name, text)

    found = versions(tmp_path / "accelerator", [("model", "bare.model.Net"), ("model", "torch.nn.Linear")])

    assert {name for name in found if name.endswith(".py")} == files.keys() - {"unused.py", "torch/notes.py"}


@pytest.mark.parametrize(
    "command",
    [
        ["python", "scripts/shrink.py", "{input:model}"],
        ["sh", "{project}/scripts/shrink.py"],
        "python scripts/shrink.py",
        ["sh", "-c", "python scripts/shrink.py > log"],
    ],
)
def test_a_script_that_an_argument_names_counts_with_what_it_imports_of_the_project(
    ours: Path, command: str | list[str]
) -> None:
    root = ours.parent
    change(root, "scripts/shrink.py", "import helpers\n")
    change(root, "helpers.py", "")
    change(root, "numbers.txt", "1")
    versions = CodeVersions(Project(root), Registry.discover(root), ContentHashes(root / "hashes.json"))

    found = versions.of_targets([], [command, "numbers.txt", "it's", "~nobody/at/home.py", "a\0.py", 3])

    own = {name for name in found if name.endswith((".py", ".txt"))}
    assert own == {"scripts/shrink.py", "helpers.py"}
    assert found["scripts/shrink.py"] != found["helpers.py"]
