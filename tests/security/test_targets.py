"""No target that could run a stranger's will is called, whatever leads to it and wherever it stands."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from accelerator.components import Registry
from accelerator.config.build import builder_for
from accelerator.config.trust import Trust
from accelerator.errors import ConfigError
from tests.security.attacks import DEFAULT_TRUST, TARGETS, what_gets_through

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("target", TARGETS, ids=repr)
def test_it_is_refused_in_every_form(target: str, tmp_path: Path) -> None:
    assert what_gets_through(target, tmp_path) == []


def test_none_gets_through_on_the_next_line_of_hydra(hydra14: dict[str, str]) -> None:
    script = Path(__file__).with_name("attacks.py")
    variables = {**hydra14, "PYTHONPATH": f"{hydra14['PYTHONPATH']}:{REPOSITORY}"}

    done = subprocess.run([sys.executable, str(script)], env=variables, capture_output=True, text=True, timeout=400)

    found = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else done.stderr
    assert found == {"hydra": "1.4.0rc3", "tried": len(TARGETS), "passed": {}}


@pytest.mark.parametrize("root", [REPOSITORY, None])
def test_our_own_functions_are_nobodys_project(root: Path | None) -> None:
    """Also where the project is our checkout: `write_text` of ours would write anywhere."""
    trust = Trust(DEFAULT_TRUST, root, Registry.discover(REPOSITORY))
    from accelerator.runs.files import write_text

    assert "is a function that is no component" in trust.refuse_object(write_text, "accelerator.runs.files.write_text")


def test_a_class_must_fit_where_it_stands(tmp_path: Path) -> None:
    builder = builder_for(Registry.discover(REPOSITORY), DEFAULT_TRUST, tmp_path)

    with pytest.raises(ConfigError, match="'torch.optim.SparseAdam' is a class that is no model: a Module is needed"):
        builder.build({"_target_": "torch.optim.SparseAdam", "params": []}, "model", "model")
    with pytest.raises(ConfigError, match="'torch.nn.GELU' is a class that is no tracking: only registered components"):
        builder.build({"_target_": "torch.nn.GELU"}, "tracking", "tracking")
    with pytest.raises(
        ConfigError, match="'torch.nn.GELU' is a class that is no data: a Dataset or DataSplits is need"
    ):
        builder.build({"_target_": "torch.nn.GELU"}, "data", "data")


def test_a_nested_class_may_be_of_any_kind(tmp_path: Path) -> None:
    builder = builder_for(Registry.discover(REPOSITORY), DEFAULT_TRUST, tmp_path)
    normal = {"_target_": "torch.distributions.Normal", "loc": 0.0, "scale": 1.0}
    gelu = {"_target_": "torch.nn.GELU"}

    built = builder.build({"_target_": "torch.nn.Sequential", "_args_": [gelu]}, "model", "model")
    [distribution] = builder.build([normal], "model", "model")

    assert isinstance(built[0], torch.nn.GELU) and isinstance(distribution, torch.distributions.Normal)


def test_a_path_does_not_lend_its_trust_to_where_it_leads(tmp_path: Path) -> None:
    """`accelerator` is trusted by name; torch, which its modules import, only when `trust` lists it."""
    builder = builder_for(Registry.discover(REPOSITORY), (), tmp_path)

    with pytest.raises(
        ConfigError, match="'.*torch.nn.GELU' leads to 'torch.nn.modules.activation.GELU' is not trusted"
    ):
        builder.build({"_target_": "accelerator.runtime.checkpoint.weights.torch.nn.GELU"}, "model", "model")


def test_a_class_of_the_project_must_fit_before_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deploying.py").write_text(
        "from pathlib import Path\n\nclass Deploy:\n    def __init__(self, to):\n        Path(to).touch()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    builder = builder_for(Registry.discover(REPOSITORY), (), tmp_path)

    with pytest.raises(ConfigError, match="'deploying.Deploy' is a class that is no model: a Module is needed there"):
        builder.build({"_target_": "deploying.Deploy", "to": str(tmp_path / "canary")}, "model", "model")
    assert not (tmp_path / "canary").exists()


def test_all_names_are_judged_before_the_first_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "telltale.py").write_text("from pathlib import Path\nPath(__file__).with_name('canary').touch()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    builder = builder_for(Registry.discover(REPOSITORY), DEFAULT_TRUST, tmp_path)
    node = {"_target_": "telltale.Model", "a": [{"_target_": "os.system"}], "b": {"_target_": "pickle.loads"}}

    with pytest.raises(ConfigError) as error:
        builder.build(node, "model", "model")

    assert [problem.key for problem in error.value.problems] == ["model.a[0]._target_", "model.b._target_"]
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("arguments", ["x", {"a": 1}, 3])
def test_positional_arguments_are_a_list(arguments: object, tmp_path: Path) -> None:
    builder = builder_for(Registry.discover(REPOSITORY), DEFAULT_TRUST, tmp_path)

    with pytest.raises(ConfigError, match="model._args_: must be a list, not .*. Write a list of the arguments."):
        builder.build({"_target_": "torch.nn.Linear", "_args_": arguments}, "model", "model")


@pytest.mark.parametrize(
    "path",
    [
        "torch._inductor.output_code.CompiledAOTI",
        "torch.distributed.elastic.multiprocessing.errors.ProcessFailure",
    ],
)
def test_a_dataclass_that_does_more_than_hold_values_is_no_data(path: str, tmp_path: Path) -> None:
    """They load a library, write a program, read a file: in the constructor, from what their arguments name."""
    module, _, name = path.rpartition(".")
    found = getattr(importlib.import_module(module), name)

    assert "is a class that is no component" in Trust(
        DEFAULT_TRUST, tmp_path, Registry.discover(REPOSITORY)
    ).refuse_object(found, path)


def test_a_dataclass_that_holds_values_is_taken(tmp_path: Path) -> None:
    path = "torch.distributed.checkpoint.metadata.ChunkStorageMetadata"
    found = importlib.import_module(path.rpartition(".")[0]).ChunkStorageMetadata

    assert Trust(DEFAULT_TRUST, tmp_path, Registry.discover(REPOSITORY)).refuse_object(found, path) == ""


_PIPES = "torch.utils.data.datapipes.iter"
_UNPICKLING = {
    "datapipes": {
        "_target_": f"{_PIPES}.routeddecoder.RoutedDecoderIterDataPipe",
        "_args_": [
            {
                "_target_": f"{_PIPES}.fileopener.FileOpenerIterDataPipe",
                "_args_": [{"_target_": f"{_PIPES}.filelister.FileListerIterDataPipe", "root": "HERE"}],
                "mode": "b",
            }
        ],
    },
    "LSUN": {"_target_": "torchvision.datasets.LSUN", "root": "HERE"},
    "LSUN nested": {
        "_target_": "torch.utils.data.ConcatDataset",
        "datasets": [{"_target_": "torchvision.datasets.LSUN"}],
    },
}


@pytest.mark.parametrize("node", _UNPICKLING.values(), ids=_UNPICKLING)
def test_no_data_set_unpickles_a_file_of_a_strangers(node: dict[str, object], tmp_path: Path) -> None:
    builder = builder_for(Registry.discover(REPOSITORY), DEFAULT_TRUST, tmp_path)

    with pytest.raises(ConfigError, match="module whose data sets unpickle.* write '.*' out in full in `trust`"):
        builder.build(json.loads(json.dumps(node).replace("HERE", str(tmp_path))), "data", "data")


def test_one_that_is_written_out_in_full_is_taken(tmp_path: Path) -> None:
    name = f"{_PIPES}.filelister.FileListerIterDataPipe"
    builder = builder_for(Registry.discover(REPOSITORY), (*DEFAULT_TRUST, name), tmp_path)

    assert list(builder.build({"_target_": name, "root": str(tmp_path)}, "data", "data")) == []
