"""What `explain` prints, whole: one file in `explained/` for each case."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment import Experiment
from accelerator.cli.explained_text import explained_text
from accelerator.config.compose import compose, composition_of
from accelerator.config.explain import explain
from accelerator.config.project import Project
from accelerator.config.saved import saved_yaml
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary

GOLDEN = Path(__file__).with_name("explained")
RUN = "20261123-101500-3fa2b1"
MINE = "experiment=mine"
FILES = {
    "pyproject.toml": '[project]\nname = "a-project"\nversion = "1.0"\n',
    "configs/optimizer/adamw.yaml": "_target_: adamw\nlr: 0.25\nweight_decay: 0.1\n",
    "configs/index/loss.yaml": "# @package index.loss\ndefaults:\n  - /loss@_here_: [cross_entropy, mse]\n",
    "configs/experiment/mine.yaml": (
        "# @package _global_\n"
        "defaults:\n"
        "  - /index/loss\n"
        "  - override /data: digits\n"
        "  - override /model: resnet8\n"
        "  - override /callback: [early_stopping]\n"
        "\n"
        "optimizer: {lr: 0.5}\n"
        "loss: {second: '${index.loss.mse}'}\n"
        "vars:\n"
        "  first: ${vars.second}\n"
        "  second: ${seed}\n"
        "  copy: ${checkpoint}\n"
        "  path: runs/${name}/${.second}\n"
        "  computed: ${oc.decode:${name}}\n"
        "  home: ${oc.env:HOME}\n"
        "  token: hunter2\n"
        "  told: ${vars.token}\n"
        "  nothing: ${vars.absent}\n"
    ),
}
PLUGIN = {
    "nice_plugin/__init__.py": "",
    "nice_plugin/configs/optimizer/sgd.yaml": "_target_: sgd\nlr: 0.75\n",
    "nice_plugin-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: nice-plugin\nVersion: 1.0\n",
    "nice_plugin-1.0.dist-info/entry_points.txt": "[accelerator.configs]\nnice = nice_plugin.configs\n",
}
CASES = {
    "set_in_base": ["loader.batch_size"],
    "set_in_a_group_file": ["loss.cross_entropy.weight"],
    "shadowed_by_an_experiment": ["optimizer.lr", MINE],
    "set_by_an_override": ["optimizer.lr", MINE, "optimizer.lr=0.3"],
    "set_by_several_overrides": ["optimizer.lr", MINE, "optimizer.lr=0.3", "optimizer={lr: 0.2}", "++optimizer.lr=0.1"],
    "deleted": ["optimizer.weight_decay", "~optimizer.weight_decay"],
    "deleted_with_what_held_it": ["loss.cross_entropy.weight", "loss.cross_entropy=null"],
    "added": ["tags.note", "+tags.note='a b'"],
    "interpolated": ["callback.early_stopping.monitor", MINE],
    "interpolation_to_interpolation": ["vars.first", MINE, "seed=7"],
    "interpolation_within_a_text": ["vars.path", MINE],
    "interpolation_by_an_override": ["name", MINE, "name=run-${seed}"],
    "below_an_interpolation": ["vars.copy.mode", MINE],
    "interpolation_to_a_mapping": ["vars.copy", MINE],
    "interpolation_that_fails": ["vars.nothing", MINE],
    "known_in_a_run_only": ["scheduler.scheduler.total_steps", MINE, "scheduler=warmup_cosine"],
    "computed": ["vars.computed", MINE],
    "from_the_environment": ["vars.home", MINE],
    "secret": ["vars.token", MINE],
    "interpolation_to_a_secret": ["vars.told", MINE],
    "choice_of_a_group": ["model", MINE, "model=mlp"],
    "through_the_index": ["loss.second.loss._target_", MINE],
    "project_hides_ours": ["optimizer.weight_decay", MINE],
    "plugin_hides_ours": ["optimizer.lr", "optimizer=sgd"],
    "null": ["train.max_time"],
    "element_of_a_list": ["parameter_groups.no_decay.match[1]"],
    "element_of_a_list_with_a_dot": ["parameter_groups.no_decay.match.1"],
    "mapping": ["optimizer", MINE, "+optimizer.betas=[0.9,0.95]"],
    "of_a_run": ["optimizer.lr", RUN],
    "interpolated_in_a_run": ["vars.first", RUN],
    "secret_of_a_run": ["vars.token", RUN],
    "of_a_run_with_overrides": ["optimizer.lr", RUN, "optimizer.lr=0.01"],
    "of_a_run_with_another_choice": ["tracking", RUN, "tracking=none"],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a plugin beside it, and a run whose experiment file is gone."""
    folder, site = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("site")
    for base, files in ((folder, FILES), (site, PLUGIN)):
        for name, text in files.items():
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(site), *sys.path])
        _make_run(folder)
        yield folder


def _make_run(root: Path) -> None:
    mine = root / "configs/experiment/mine.yaml"
    past = mine.with_name("past.yaml")
    past.write_text(mine.read_text(encoding="utf-8").replace("  nothing: ${vars.absent}\n", ""), encoding="utf-8")
    config = compose(["experiment=past", "optimizer.lr=0.125"], project=Project(root))
    composition = composition_of(config)
    assert composition is not None
    folder = RunFolder(root / "outputs" / "run" / RUN)
    folder.path.mkdir(parents=True)
    folder.config.write_text(saved_yaml(config), encoding="utf-8")
    folder.provenance.write_text(composition.provenance.to_json(), encoding="utf-8")
    write_summary(folder, Summary("completed"))
    past.unlink()


def _explain(root: Path, *arguments: str) -> int:
    return run_command({"experiment": Experiment}, ["--project", str(root), "experiment", "explain", *arguments])


@pytest.mark.parametrize("case", CASES)
def test_a_key_is_explained(case: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = _explain(root, *CASES[case])

    assert (code, capsys.readouterr().out) == (0, (GOLDEN / f"{case}.txt").read_text(encoding="utf-8"))


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


def test_a_config_made_by_hand_has_no_sources() -> None:
    found = explain(OmegaConf.create({"a": {"b": 1}}), "a.b")

    assert explained_text(found) == "a.b = 1  (nothing sets it: every config has this key)"


def test_json_is_for_machines(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _explain(root, "vars.second", MINE, "seed=7", "--json")

    assert json.loads(capsys.readouterr().out) == {
        "key": "vars.second",
        "value": 7,
        "removed": False,
        "sources": [{"source": "configs/experiment/mine.yaml:12", "value": "${seed}"}],
        "hidden": [],
        "points_to": [
            {
                "key": "seed",
                "value": 7,
                "removed": False,
                "sources": [
                    {"source": "seed=7", "value": None},
                    {"source": "accelerator/configs/base.yaml:25", "value": "0"},
                ],
                "hidden": [],
                "points_to": [],
                "note": "",
            }
        ],
        "note": "",
    }


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("optimizer.lrr", "Did you mean 'optimizer.lr'"),
        ("lr", "Did you mean 'optimizer.lr'"),
        ("optimiser", "'optimizer'"),
        ("parameter_groups.no_decay.match[7]", "Did you mean 'parameter_groups.no_decay.match'"),
        ("vars.copy.mod", "'checkpoint.mode'"),
        ("...", "`accelerator experiment show` prints all keys"),
    ],
)
def test_an_unknown_key_exits_2_and_names_the_nearest(
    key: str, part: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _explain(root, key, MINE)

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert "there is no such key" in printed.err
    assert part in printed.err


def test_what_a_run_kept_before_values_were_kept_is_explained_too(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(root / "outputs" / "run" / RUN)
    old = RunFolder(tmp_path / "old")
    old.path.mkdir()
    stored = json.loads(run.provenance.read_text(encoding="utf-8"))
    sources = {key: found for key, found in stored.items() if not key.startswith("__")}
    old.provenance.write_text(json.dumps(sources), encoding="utf-8")
    old.config.write_text(run.config.read_text(encoding="utf-8"), encoding="utf-8")
    write_summary(old, Summary("completed"))

    _explain(root, "optimizer.lr", str(old.path))

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["optimizer.lr = 0.125", "  set by   optimizer.lr=0.125"]
    assert lines[2] == "  shadows  configs/experiment/past.yaml:8"
