"""What a config may name: components, the project, and what `trust` lists; nothing else, and nothing by a side door."""

import sys
from pathlib import Path

import pytest
import torch

from accelerator.components import Registry
from accelerator.config.project import Project
from accelerator.config.trust import Trust

DEFAULT = ("torch", "torchvision", "torchmetrics")


@pytest.fixture
def trust(registry: Registry, project: Project) -> Trust:
    return Trust(DEFAULT, project.root, registry)


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "subprocess.Popen",
        "builtins.eval",
        "pickle.loads",
        "runpy.run_path",
        "logging.os.system",
        "shutil.rmtree",
    ],
)
def test_what_is_not_trusted_is_refused_by_its_name_alone(path: str, trust: Trust) -> None:
    refusal = trust.refuse_path(path)

    assert refusal.startswith(
        f"'{path}' is not trusted: a config may name registered components, the project's own code"
    )
    assert refusal.endswith(f"To allow it, add '{path}' to `trust` in the project's configs/main.yaml")


def test_torch_is_trusted_only_because_trust_lists_it(registry: Registry, project: Project) -> None:
    trust = Trust((), project.root, registry)

    assert "is not trusted" in trust.refuse_path("torch.nn.Linear")
    assert trust.refuse_path("torch.optim.AdamW") == ""  # registered, by our own entry point
    assert trust.refuse_path("accelerator.domain.cross.mlp.MLP") == ""


@pytest.mark.parametrize(
    "path", ["torch.nn.Linear", "torch.optim.AdamW", "torchvision.models.resnet18", "accelerator.x.Y"]
)
def test_trusted_packages_and_those_of_components_may_be_imported(path: str, trust: Trust) -> None:
    assert trust.refuse_path(path) == ""


@pytest.mark.parametrize(
    "found", [torch.nn.Linear, torch.optim.AdamW, torch.optim.lr_scheduler.StepLR, torch.nn.MSELoss]
)
def test_classes_that_fit_a_component_are_taken(found: type, trust: Trust) -> None:
    assert trust.refuse_object(found, f"{found.__module__}.{found.__qualname__}") == ""


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("torch.load", "a function"),
        ("torch.hub.load", "a function"),
        ("torch.nn.functional.mse_loss", "a function"),
        ("torch.os.system", "a function"),
        ("torch.package.PackageImporter", "a class"),
        ("torch.utils.cpp_extension.CUDA_HOME", "neither class nor function"),
    ],
)
def test_anything_else_of_a_trusted_package_is_refused(path: str, what: str, trust: Trust) -> None:
    found: object = torch
    if "CUDA_HOME" in path:
        found = None
    elif "PackageImporter" in path:
        from torch.package import PackageImporter as found  # type: ignore[assignment]  # noqa: F811
    else:
        for part in path.split(".")[1:]:
            found = getattr(found, part)

    refusal = trust.refuse_object(found, path)

    assert refusal.startswith(f"'{path}' is {what} that is no component")
    assert f"write '{path}' out in full in `trust`" in refusal


def test_a_function_written_out_in_full_is_taken(registry: Registry, project: Project) -> None:
    trust = Trust(("torch.nn.functional.mse_loss", "math.sqrt"), project.root, registry)

    assert trust.refuse_path("math.sqrt") == ""
    assert trust.refuse_object(torch.nn.functional.mse_loss, "torch.nn.functional.mse_loss") == ""
    assert trust.refuse_path("math.sqrt.evil") == ""  # imports nothing but math; the object is judged by its own name
    assert trust.refuse_object(print, "math.sqrt.evil") != ""


@pytest.mark.parametrize("folder", ["", "src"])
def test_functions_of_the_project_are_taken(
    folder: str, registry: Registry, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"parts_of_{folder or 'root'}"
    base = project.root / folder
    base.mkdir(exist_ok=True)
    (base / f"{name}.py").write_text("def make():\n    return 1\n")
    monkeypatch.syspath_prepend(str(base))
    module = __import__(name)
    trust = Trust((), project.root, registry)

    assert trust.refuse_path(f"{name}.make") == ""
    assert trust.refuse_object(module.make, f"{name}.make") == ""
    del sys.modules[name]


@pytest.mark.parametrize("package", ["subprocess", "torch"])
def test_a_folder_of_the_project_that_is_called_like_a_package_lends_it_no_trust(
    package: str, registry: Registry, project: Project
) -> None:
    """A run folder, or a stranger's archive unpacked beside the code, must not open a door."""
    (project.root / package).mkdir()
    trust = Trust((), project.root, registry)
    found = {"subprocess": __import__("subprocess").Popen, "torch": torch.load}[package]

    assert trust.refuse_object(found, f"{package}.x") != ""


def test_packages_of_an_environment_inside_the_project_are_not_the_projects(registry: Registry, tmp_path: Path) -> None:
    root = Path(torch.__file__).parents[5]  # the repository, whose .venv holds torch
    trust = Trust((), root, registry)

    assert trust.refuse_object(torch.load, "torch.load") != ""
