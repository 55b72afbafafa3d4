"""From a node to an object: Hydra's semantics, arguments checked first, errors that name key, source and place."""

import functools
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from accelerator.components import Registry, component
from accelerator.config.build import Builder, builder_for
from accelerator.config.project import Project
from accelerator.errors import ComponentError, ConfigError

TRUST = ("torch", "collections.OrderedDict", "math.prod", "accelerator.testing.tiny.tiny_data")


@component("model", "wanting")
class Wanting:
    """Takes typed arguments."""

    def __init__(self, size: int, rate: float = 0.5, name: str | None = None, flag: bool = False, inner: Any = None):
        self.values = (size, rate, name, flag, inner)


@component("model", "failing")
class Failing:
    def __init__(self, size: int = 1) -> None:
        raise ValueError(f"size {size} is odd\nand more")


@component("model", "refusing")
class Refusing:
    def __init__(self) -> None:
        raise ComponentError("refusing.size = 3: must be even.")


@component("model", "given")
def given(width: int | None = None, optimizer: Any = None, inner: Any = None) -> tuple[Any, ...]:
    return width, optimizer, inner


@pytest.fixture
def builder(registry: Registry, project: Project) -> Builder:
    marked = registry.with_marked([Wanting, Failing, Refusing, given])
    made = builder_for(marked, TRUST, project.root)
    return Builder(made.registry, made.trust, lambda key: f"configs/a.yaml:{len(key)}")


def test_a_bare_name_is_looked_up_in_the_kind_where_the_node_stands(builder: Builder) -> None:
    node = OmegaConf.create({"_target_": "wanting", "size": 3, "inner": {"_target_": "mlp", "num_classes": 2}})
    built = builder.build(node, "model", "model")

    assert built.values[:4] == (3, 0.5, None, False)
    assert type(built.values[4]).__name__ == "MLP"


@pytest.mark.parametrize("target", ["loss:cross_entropy", "accelerator-framework::loss:cross_entropy"])
def test_another_kind_and_a_package_can_be_named(target: str, builder: Builder) -> None:
    assert isinstance(builder.build({"_target_": target}, "model"), torch.nn.CrossEntropyLoss)


def test_a_package_settles_a_clash(builder: Builder) -> None:
    assert isinstance(builder.build({"_target_": "accelerator-framework::mse"}, "loss"), torch.nn.MSELoss)
    with pytest.raises(ConfigError, match="There is no loss 'mse' of other|other declares no loss 'mse'"):
        builder.build({"_target_": "other::mse"}, "loss", "loss.a")


def test_dotted_paths_nested_nodes_lists_and_positional_arguments_work_as_in_hydra(builder: Builder) -> None:
    linear = {"_target_": "torch.nn.Linear", "_args_": [2, 3], "bias": False}
    built = builder.build(
        {"_target_": "torch.nn.Sequential", "_args_": [linear, {"_target_": "torch.nn.ReLU"}]}, "model"
    )
    deep = builder.build({"_target_": "wanting", "size": 1, "inner": {"a": [linear], "b": 2}}, "model")

    assert [type(item).__name__ for item in built] == ["Linear", "ReLU"] and built[0].bias is None
    assert isinstance(deep.values[4]["a"][0], torch.nn.Linear) and deep.values[4]["b"] == 2


def test_partial_gives_a_function_that_still_wants_arguments(builder: Builder) -> None:
    built = builder.build({"_target_": "wanting", "_partial_": True, "rate": 1}, "model")

    assert isinstance(built, functools.partial)
    assert built(size=4).values[:2] == (4, 1)


def test_a_node_that_is_not_recursive_keeps_its_nodes(builder: Builder) -> None:
    inner = {"_target_": "torch.nn.Linear", "_args_": [1, 2]}
    built = builder.build({"_target_": "wanting", "_recursive_": False, "size": 1, "inner": inner}, "model")

    assert built.values[4] == inner


def test_interpolations_are_resolved(builder: Builder) -> None:
    config = OmegaConf.create({"vars": {"base": 3}, "model": {"_target_": "wanting", "size": "${vars.base}"}})

    assert builder.build(config.model, "model", "model").values[0] == 3


def test_plain_values_are_returned_as_they_are(builder: Builder) -> None:
    assert builder.build(None, "model") is None
    assert builder.build({"a": [1, {"b": 2}]}, "model") == {"a": [1, {"b": 2}]}


def test_given_arguments_fill_what_a_node_leaves_out_or_null(builder: Builder) -> None:
    node = {"_target_": "given", "width": None, "inner": {"_target_": "given", "width": 7}}

    built = builder.build(node, "model", "model", given={"width": 5, "optimizer": "o", "unknown": 1})

    assert built == (5, "o", (7, "o", None))


def test_leading_arguments_go_to_the_outermost_target(builder: Builder) -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))

    built = builder.build({"_target_": "adamw", "lr": 0.1}, "optimizer", "optimizer", [parameter])

    assert built.param_groups[0]["params"] == [parameter]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (
            {"_target_": "wanting", "size": 1, "rat": 2},
            r"model.rat \(configs/a.yaml:9\): .*Wanting has no argument 'rat'. Did you mean 'rate'\? Known: .*"
            r"Call it model.rate",
        ),
        (
            {"_target_": "wanting"},
            r"model \(configs/a.yaml:5\): .*Wanting needs the argument 'size' \(int\). Add \+model.size=1 to",
        ),
        (
            {"_target_": "wanting", "size": "big"},
            r"model.size \(.*\): .*Wanting takes int as 'size', not 'big'. Change it there, or add model.size=1",
        ),
        ({"_target_": "wanting", "size": 1.5}, "takes int as 'size', not 1.5"),
        ({"_target_": "wanting", "size": True}, "takes int as 'size', not true"),
        ({"_target_": "wanting", "size": None}, "takes int as 'size', not null"),
        ({"_target_": "wanting", "size": 1, "rate": "x"}, "takes float as 'rate', not 'x'"),
        ({"_target_": "wanting", "size": 1, "name": 3}, "takes str or null as 'name', not 3"),
        ({"_target_": "wanting", "size": [1]}, r"takes int as 'size', not \[1\]"),
        ({"_target_": "wantin"}, r"model._target_ \(.*\): There is no model 'wantin'. Did you mean 'wanting'\?"),
        ({"_target_": 5}, "model._target_ .*: 5 is no name. Write a component's name or a dotted path."),
        (
            {"_target_": "torch.nn.Linaer"},
            "model._target_ .*: 'torch.nn.Linaer' does not import: .*Did you mean 'torch.nn.Linear'. Correct the path",
        ),
        ({"_target_": "torch.nn.functional"}, "'torch.nn.functional' (is neither class nor function|does not import)"),
        (
            {"_target_": "failing", "size": 3},
            r"model \(configs/a.yaml:5\): .*Failing could not be built: ValueError: size 3 is odd "
            r"\(at .*test_build.py:\d+\). Change its arguments in the config, or repair the component.",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_with_its_key_and_its_source(node: Any, message: str, builder: Builder) -> None:
    with pytest.raises(ConfigError, match=message):
        builder.build(OmegaConf.create(node), "model", "model")


def test_all_wrong_arguments_are_told_at_once(builder: Builder) -> None:
    with pytest.raises(ConfigError) as error:
        builder.build({"_target_": "wanting", "rat": 1, "rate": "x"}, "model", "model")

    assert [problem.key for problem in error.value.problems] == ["model.rat", "model", "model.rate"]


def test_what_is_wrong_deep_inside_has_its_own_key(builder: Builder) -> None:
    node = {"_target_": "torch.nn.Sequential", "_args_": [{"_target_": "torch.nn.Linear", "in_features": 2}]}

    with pytest.raises(ConfigError, match=r"model._args_\[0\] .*torch.nn.Linear needs the argument 'out_features'"):
        builder.build(node, "model", "model")


def test_an_error_of_ours_passes_as_it_is(builder: Builder) -> None:
    with pytest.raises(ComponentError, match="^refusing.size = 3: must be even.$"):
        builder.build({"_target_": "refusing"}, "model", "model")


DANGEROUS = [
    *(
        "os.system",
        "subprocess.Popen",
        "builtins.eval",
        "builtins.exec",
        "torch.load",
        "torch.hub.load",
        "pickle.loads",
    ),
    *("runpy.run_path", "logging.os.system", "shutil.rmtree", "torch.os.system", "importlib.import_module"),
]


@pytest.mark.parametrize("target", DANGEROUS)
@pytest.mark.parametrize("where", ["itself", "nested", "in a list", "partial", "positional", "not recursive"])
def test_a_dangerous_target_is_refused_wherever_it_stands(
    target: str, where: str, builder: Builder, tmp_path: Path
) -> None:
    evil = {"_target_": target, "_args_": [f"touch {tmp_path / 'evil'}"]}
    node: Any = {
        "itself": evil,
        "nested": {"_target_": "wanting", "size": 1, "inner": {"x": evil}},
        "in a list": {"_target_": "wanting", "size": 1, "inner": [1, [evil]]},
        "partial": {**evil, "_partial_": True},
        "positional": {"_target_": "torch.nn.Sequential", "_args_": [evil]},
        "not recursive": {**evil, "_recursive_": False},
    }[where]

    with pytest.raises(ConfigError, match=f"'{target}' is (not trusted|a function that is no component|a class that)"):
        builder.build(OmegaConf.create(node), "model", "model")
    assert not (tmp_path / "evil").exists()


def test_what_is_not_trusted_is_not_even_imported(builder: Builder, project: Project) -> None:
    with pytest.raises(ConfigError, match="'antigravity.fly' is not trusted"):
        builder.build({"_target_": "antigravity.fly"}, "model", "model")

    assert "antigravity" not in sys.modules


def test_what_trust_writes_out_in_full_is_called(builder: Builder) -> None:
    assert builder.build({"_target_": "math.prod", "_args_": [[2, 3]]}, "loss") == 6
    assert len(builder.build({"_target_": "accelerator.testing.tiny.tiny_data", "num_samples": 4}, "data").train) == 4


def test_code_of_the_project_is_called(registry: Registry, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.root / "of_the_project.py").write_text("def double(x: int) -> int:\n    return 2 * x\n")
    monkeypatch.syspath_prepend(str(project.root))
    builder = builder_for(registry, (), project.root)

    assert builder.build({"_target_": "of_the_project.double", "x": 4}, "loss") == 8
    with pytest.raises(ConfigError, match="of_the_project.double takes int as 'x', not 'a'"):
        builder.build({"_target_": "of_the_project.double", "x": "a"}, "loss", "loss")
    del sys.modules["of_the_project"]


@component("loss", "scaled_distance")
def scaled_distance(prediction: float, target: float, scale: float = 1.0) -> float:
    return scale * abs(prediction - target)


def test_a_loss_function_is_called_later_with_what_each_batch_brings(registry: Registry, project: Project) -> None:
    builder = builder_for(registry.with_marked([scaled_distance]), (), project.root)

    loss = builder.build({"_target_": "scaled_distance", "scale": 3.0}, "loss", "loss.a.loss")

    assert loss(1.0, 3.0) == 6.0
    with pytest.raises(ConfigError, match="has no argument 'sclae'. Did you mean 'scale'"):
        builder.build({"_target_": "scaled_distance", "sclae": 3.0}, "loss", "loss.a.loss")


def test_a_partial_of_the_project_keeps_what_it_holds(
    registry: Registry, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import functools\n\ndef times(x, *, factor=1):\n    return x * factor\n"
    made = "\ntriple = functools.partial(times, factor=3)\n"
    (project.root / "held_in_a_partial.py").write_text(text + made)
    monkeypatch.syspath_prepend(str(project.root))
    builder = builder_for(registry, (), project.root)

    loss = builder.build({"_target_": "held_in_a_partial.triple"}, "loss")
    other = builder.build({"_target_": "held_in_a_partial.triple", "factor": 5}, "loss")

    assert (loss(2), other(2)) == (6, 10)
    del sys.modules["held_in_a_partial"]


def test_a_partial_of_what_is_not_trusted_is_refused(
    registry: Registry, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "hidden_in_a_partial.py").write_text(
        "import functools, os\n\nrun = functools.partial(os.system, 'true')\n"
    )
    monkeypatch.syspath_prepend(str(project.root))
    builder = builder_for(registry, (), project.root)

    with pytest.raises(ConfigError, match="hidden_in_a_partial.run"):
        builder.build({"_target_": "hidden_in_a_partial.run"}, "loss")
    del sys.modules["hidden_in_a_partial"]


def test_a_module_that_fails_on_import_is_named(
    registry: Registry, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "broken_part.py").write_text("import absent_library\n")
    monkeypatch.syspath_prepend(str(project.root))
    builder = builder_for(registry, (), project.root)

    with pytest.raises(ConfigError, match="'broken_part.make' does not import: .*absent_library"):
        builder.build({"_target_": "broken_part.make"}, "loss", "loss.a")
