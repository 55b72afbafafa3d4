"""A run folder made elsewhere: whatever its config was edited to say, opening it runs nothing of its maker's."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accelerator.config.project import Project, find_project
from accelerator.config.saved import load_saved
from accelerator.errors import AcceleratorError, ConfigError
from accelerator.experiment.load_model import load_model
from accelerator.experiment.sound_config import sound_config_of_run
from accelerator.runs.folder import RunFolder
from accelerator.runs.run import Run
from tests.security.conftest import OPENINGS

Edit = Callable[[str, Any], None]
LEAVE_CANARY = "from pathlib import Path\nPath({!r}).touch()\nimport torch\nModel = torch.nn.Identity\n"


def test_a_sound_one_opens(stranger: RunFolder, home: Project) -> None:
    """Without this the others would prove nothing."""
    assert sound_config_of_run(Run(stranger.path), (), home).model._target_ == "mlp"
    assert len(list(load_model(stranger.path, project=home.root).parameters())) > 0


@pytest.mark.parametrize("opening", OPENINGS)
def test_targets_that_are_not_trusted_are_refused(
    opening: str, stranger: RunFolder, home: Project, edit: Edit, canary: Path
) -> None:
    for key in ("model", "data", "callback.evil", "loss.evil", "transform.train.evil", "engine"):
        edit(key, {"_target_": "os.system", "command": f"touch {canary}"})

    with pytest.raises(ConfigError, match="'os.system' is not trusted") as error:
        OPENINGS[opening](stranger.path, home)
    assert opening.startswith("load_model") or str(error.value).count("'os.system' is not trusted") == 6
    assert not canary.exists()


def test_a_run_cannot_trust_itself(stranger: RunFolder, home: Project, edit: Edit, canary: Path) -> None:
    edit("trust", ["os", "os.system", "torch"])
    edit("model", {"_target_": "os.system", "command": f"touch {canary}"})

    with pytest.raises(ConfigError, match="'os.system' is not trusted"):
        OPENINGS["load_model"](stranger.path, home)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("opening", "place"), [("evaluate", "inside"), ("load_model", "beside"), ("load_model", "elsewhere in the archive")]
)
def test_code_that_comes_with_a_run_is_not_the_projects(
    opening: str, place: str, stranger: RunFolder, home: Project, edit: Edit, canary: Path
) -> None:
    """Also where its folder looks like a package of the project: namespace packages take any folder's name."""
    run = home.root / "unpacked" / "runs" / "one"
    shutil.copytree(stranger.path, run)
    folder = {"inside": run, "beside": run.parent, "elsewhere in the archive": home.root / "unpacked"}[place]
    (folder / "evil.py").write_text(LEAVE_CANARY.format(str(canary)), encoding="utf-8")
    target = ".".join([*folder.relative_to(home.root).parts, "evil", "Model"])
    (run / "config.yaml").write_text(
        stranger.config.read_text(encoding="utf-8").replace("_target_: mlp", f"_target_: {target}"), encoding="utf-8"
    )

    with pytest.raises(ConfigError, match=f"'{target}' is not trusted: .* came with a run, and what comes with a run"):
        OPENINGS[opening](run, home)
    assert not canary.exists()


def test_a_run_folder_is_no_project(stranger: RunFolder, home: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cd RUN; accelerator experiment evaluate .`: a pyproject.toml in the run would declare its components."""
    (stranger.path / "pyproject.toml").write_text("[project]\nname = 'evil'\n", encoding="utf-8")
    (stranger.path / "configs").mkdir()
    inside = stranger.path / "checkpoints" / "configs"
    inside.mkdir()

    assert find_project(stranger.path) == home
    assert find_project(inside.parent) == home
    loose = shutil.copytree(stranger.path, home.root.parent / "downloads" / "run")
    assert find_project(loose).root == home.root.parent / "downloads"


INTERPOLATIONS = [
    *("${oc.env:HOME}", "${oc.env:AWS_KEY}", "x${oc.env:HOME}", r"\\${oc.env:HOME}", "${oc.env:HOME,x}"),
    *("${oc.decode:'1'}", "${oc.create:'{a: 1}'}", "${oc.select:seed}", "${seed}", "${.x}", "${read_file:/etc/passwd}"),
    *("${oc.decode:${oc.env:HOME}}", "${oc.env:${name}}", "${hydra:runtime.cwd}", "${${name}}"),
]


def test_no_interpolation_is_taken(
    stranger: RunFolder, home: Project, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_KEY", "hunter2")
    texts = {f"vars.a{place}": text for place, text in enumerate(INTERPOLATIONS)}
    nodes = dict.fromkeys(("tags.x", "model.hidden", "loss", "loader", "name"), "${oc.env:AWS_KEY}")
    for key, text in {**texts, **nodes}.items():
        edit(key, text)

    with pytest.raises(ConfigError) as error:
        load_saved(stranger.path, (), home)
    refused = {problem.key for problem in error.value.problems if "which a saved config may not hold" in problem.what}
    unnamed = {problem.key for problem in error.value.problems if "which no config of this project" in problem.what}
    assert refused | unnamed == {*texts, *nodes}
    assert unnamed >= set(nodes)
    assert "hunter2" not in str(error.value)


def test_a_variable_in_a_comment_or_a_longer_word_is_not_named(
    stranger: RunFolder, home: Project, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.configs / "notes.yaml").write_text("# ${oc.env:AWS_KEY}\na: ${oc.env:AWS_KEY_ID}\n", encoding="utf-8")
    edit("name", "${oc.env:AWS_KEY}")

    with pytest.raises(ConfigError, match="reads the environment variable AWS_KEY, which no config of this project"):
        sound_config_of_run(Run(stranger.path), (), home)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)
BROKEN = {
    "aliases": (BOMB, "its aliases stand for more than 200000 values"),
    "depth": ("a: " + "[" * 100_000, "more than 60 levels stand in one another"),
    "itself": ("a: &a {b: *a}\n", "the value 'a' holds itself"),
    "digits": (f"seed: {'9' * 100_000}\n", "a number has 100000 digits"),
    "duplicates": ("seed: 1\nseed: 2\n", "seed"),
    "python": ("model: !!python/object/apply:os.system ['touch CANARY']\n", "could not determine a constructor"),
    "python name": ("model: !!python/name:os.system ''\n", "could not determine a constructor"),
    "python module": ("model: !!python/object/new:os.system {args: [touch CANARY]}\n", "could not determine"),
    "no text": ("a: \x00", "unacceptable character|special characters|control characters"),
}


@pytest.mark.parametrize(("opening", "case"), [("load_model", case) for case in BROKEN] + [("evaluate", "aliases")])
def test_yaml_that_is_an_attack_is_told_in_a_moment(
    opening: str, case: str, stranger: RunFolder, home: Project, canary: Path
) -> None:
    text, message = BROKEN[case]
    stranger.config.write_text(text.replace("CANARY", str(canary)), encoding="utf-8")

    with pytest.raises(AcceleratorError, match=message):
        OPENINGS[opening](stranger.path, home)
    assert not canary.exists()


@pytest.mark.parametrize("name", ["../../evil", "a\x1b[2J"])
def test_a_name_that_leaves_the_output_folder_is_refused(
    name: str, stranger: RunFolder, home: Project, edit: Edit
) -> None:
    edit("name", name)

    with pytest.raises(AcceleratorError, match="name = "):
        OPENINGS["evaluate"](stranger.path, home)


def test_a_run_does_not_say_where_others_are_written(stranger: RunFolder, home: Project, edit: Edit) -> None:
    edit("paths.output", "/somewhere/else")
    moved = sound_config_of_run(Run(stranger.path), (), home)
    asked = sound_config_of_run(Run(stranger.path), ["paths.output=here"], home)

    assert (moved.paths.output, asked.paths.output) == ("outputs", "here")
    assert not any(name.startswith("evil") for name in sys.modules)
