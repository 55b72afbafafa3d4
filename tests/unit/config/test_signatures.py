"""Signatures read from source, against those of the imported objects."""

import functools
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from accelerator.components import KINDS, Registry
from accelerator.config.project import find_project
from accelerator.config.signatures import Parameter, Signature, read_signature, signature_of

OURS = [item.target for kind in KINDS for item in Registry.discover(find_project().root).of_kind(kind) if item.target]
OPTIMIZERS = "AdamW Adam SGD Adagrad Adadelta RMSprop Rprop LBFGS NAdam RAdam Adamax ASGD SparseAdam Adafactor"
SCHEDULERS = (
    "StepLR CosineAnnealingLR OneCycleLR LambdaLR SequentialLR ReduceLROnPlateau MultiStepLR ExponentialLR LinearLR "
    "PolynomialLR ConstantLR ChainedScheduler CyclicLR CosineAnnealingWarmRestarts"
)
MODULES = (
    "Linear Conv2d CrossEntropyLoss BCEWithLogitsLoss MSELoss BatchNorm2d Transformer LSTM Embedding Sequential ReLU"
)
STRANGERS = [
    *(f"torch.optim.{name}" for name in OPTIMIZERS.split()),
    *(f"torch.optim.lr_scheduler.{name}" for name in SCHEDULERS.split()),
    *(f"torch.nn.{name}" for name in MODULES.split()),
    "torch.utils.data.TensorDataset",
    "torch.distributions.Normal",
    "torchvision.datasets.CIFAR10",
    "torchvision.transforms.v2.RandomCrop",
]

SHAPES = '''
"""Shapes."""
import abc
import dataclasses
import functools
import typing as t
from dataclasses import KW_ONLY, dataclass, field

from .base import *
from .base import Renamed as Other
from . import base


class Plain:
    """What it is."""

    def __init__(self, a, b: int = 2, *rest, c: "str | None" = None, **more): ...


class Child(Plain): ...
class Foreign(Base): ...
class Nearer(Foreign, Plain): ...
class Through(base.Base, t.Generic[t.TypeVar("T")]): ...
Alias = Child


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0
    kind: t.ClassVar[str] = "point"
    _: KW_ONLY
    tags: list[str] = field(default_factory=list)
    seen: int = field(default=0, init=False)


@dataclass
class Point3(Point):
    z: float = 1.0


class Overloaded:
    @t.overload
    def __init__(self, a: int): ...
    @t.overload
    def __init__(self, a: str): ...
    def __init__(self, a): ...


def function(a, /, b=1, *, c): ...


@functools.lru_cache
def decorated(a): ...


class New:
    def __new__(cls, a): ...


class Meta(type): ...
class WithMeta(metaclass=Meta): ...
class Abstract(abc.ABC):
    def __init__(self, a): ...


class OfExtension(bytearray): ...


if t.TYPE_CHECKING:
    class Either: ...
else:
    class Either:
        def __init__(self, a): ...
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a folder with the package `shapes`, of which importing anything fails."""
    folder = tmp_path / "shapes"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .all import *\nfrom .loop import Loop\nraise ImportError\n")
    (folder / "all.py").write_text(SHAPES)
    (folder / "base.py").write_text("class Base:\n    def __init__(self, p): ...\nclass Renamed(Base): ...\n")
    (folder / "loop.py").write_text("from shapes import Loop\n")
    (folder / "broken.py").write_text("class Broken(:\n")
    return tmp_path


def names(signature: Signature | None) -> list[str] | None:
    return None if signature is None else [item.name for item in signature.parameters]


def comparable(signature: Signature) -> list[tuple[str, str, bool]]:
    return [(item.name, item.kind, item.default is None) for item in signature.parameters]


@pytest.mark.parametrize("target", [*OURS, *STRANGERS])
def test_what_source_says_is_what_python_says(target: str) -> None:
    module, _, name = target.replace(":", ".").rpartition(".")

    read = read_signature(target)

    imported = signature_of(getattr(importlib.import_module(module), name))
    assert read is not None
    assert comparable(read) == comparable(imported)
    assert read.is_class == imported.is_class
    assert imported.file in (read.file, None)  # an object may say that it is of another module
    assert {base.rpartition(".")[2] for base in read.bases} <= {
        *(base.rpartition(".")[2] for base in imported.bases),
        *("object", "Generic"),
    }


@pytest.mark.parametrize(
    ("library", "least"),
    [("torch.optim", 16), ("torch.optim.lr_scheduler", 17), ("torch.nn", 150), ("torchmetrics.classification", 70)],
)
def test_every_class_of_a_library_is_read_as_it_is_or_not_at_all(library: str, least: int) -> None:
    classes = {
        name: item for name, item in vars(importlib.import_module(library)).items() if _is_own_class(item, library)
    }

    read = {name: found for name in classes if (found := read_signature(f"{library}.{name}")) is not None}

    assert {name: comparable(found) for name, found in read.items()} == {
        name: comparable(signature_of(classes[name])) for name in read
    }
    assert len(read) >= least


def test_reading_imports_nothing(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from accelerator.config.signatures import read_signature\n"
        "assert read_signature('torch.optim.AdamW') and read_signature('accelerator.domain.cv.resnet:ResNet8')\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'torch', 'numpy', 'torchvision'})"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert ended.stdout.strip() == ""


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Plain", ["a", "b", "rest", "c", "more"]),
        ("Child", ["a", "b", "rest", "c", "more"]),
        ("Alias", ["a", "b", "rest", "c", "more"]),
        ("Foreign", ["p"]),
        ("Nearer", ["p"]),
        ("Through", ["p"]),
        ("Other", ["p"]),
        ("Point", ["x", "y", "tags"]),
        ("Point3", ["x", "y", "z", "tags"]),
        ("Overloaded", ["a"]),
        ("Abstract", ["a"]),
        ("function", ["a", "b", "c"]),
    ],
)
def test_constructors_are_followed(name: str, parameters: list[str], package: Path) -> None:
    assert names(read_signature(f"shapes.{name}", search=[package])) == parameters
    assert names(read_signature(f"shapes.all:{name}", search=[package])) == parameters


@pytest.mark.parametrize(
    "name",
    ["decorated", "New", "WithMeta", "OfExtension", "Either", "absent", "Loop", "broken.Broken", "all.Plain.deeper"],
)
def test_what_source_does_not_tell_for_certain_is_none(name: str, package: Path) -> None:
    assert read_signature(f"shapes.{name}", search=[package]) is None


@pytest.mark.parametrize("target", ["no_such_package.Thing", "sys.exit", "_struct.Struct", "torch", "a..b", ""])
def test_what_has_no_source_is_none(target: str) -> None:
    assert read_signature(target) is None


def test_parameters_are_given_as_they_are_written(package: Path) -> None:
    read = read_signature("shapes.Plain", search=[package])

    assert read == Signature(
        (
            Parameter("a", "positional_or_keyword"),
            Parameter("b", "positional_or_keyword", "int", "2"),
            Parameter("rest", "var_positional"),
            Parameter("c", "keyword_only", "str | None", "None"),
            Parameter("more", "var_keyword"),
        ),
        "What it is.",
        package / "shapes" / "all.py",
        14,
    )
    assert read.takes_any_keyword
    assert [name for name, item in read.named().items() if item.is_required] == ["a"]


def test_fields_of_dataclasses_are_parameters(package: Path) -> None:
    read = read_signature("shapes.Point", search=[package])

    assert read is not None
    assert [(item.name, item.kind, item.default) for item in read.parameters] == [
        ("x", "positional_or_keyword", None),
        ("y", "positional_or_keyword", "0.0"),
        ("tags", "keyword_only", "list()"),
    ]


def test_base_classes_have_their_full_names(package: Path) -> None:
    read = read_signature("shapes.Nearer", search=[package])

    assert read is not None
    assert read.bases == ("shapes.all.Foreign", "shapes.base.Base", "shapes.all.Plain")


def test_a_file_that_changes_is_read_again(package: Path) -> None:
    read_signature("shapes.Plain", search=[package])
    source = package / "shapes" / "all.py"
    source.write_text("class Plain:\n    def __init__(self, other): ...\n")

    assert names(read_signature("shapes.Plain", search=[package])) == ["other"]


def test_what_an_imported_object_says_of_itself_is_its_own() -> None:
    class Told:
        """A base."""

    class Silent(Told):
        pass

    def talking(a: int, b: int) -> None:
        """Talk."""

    assert signature_of(Silent).docstring is None
    assert signature_of(functools.partial(talking, b=2)).docstring == "Talk."


def test_objects_that_cannot_be_called_have_no_signature() -> None:
    with pytest.raises(TypeError, match="cannot be called"):
        signature_of(3)


def _is_own_class(item: object, library: str) -> bool:
    """Tell whether it is a public class of the library; one that is deprecated has the constructor of its warning."""
    if not isinstance(item, type) or item.__name__.startswith("_") or hasattr(item, "__deprecated__"):
        return False
    return item.__module__.partition(".")[0] == library.partition(".")[0]
