"""Configs of the project's own may come from a stranger too: a file that was copied into configs/."""

from pathlib import Path

import pytest

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.errors import ConfigError
from accelerator.experiment.sound_config import sound_config
from tests.security.test_configs_of_runs import BROKEN

HEADER = "# @package _global_\n"
REMOTE = ["pkg://evil_package", "file:///tmp/configs", "https://example.org/configs", "/tmp/configs"]


def _experiment(home: Project, text: str) -> None:
    (home.configs / "experiment").mkdir(exist_ok=True)
    (home.configs / "experiment" / "evil.yaml").write_text(HEADER + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "how"), [*((place, "override") for place in REMOTE), (REMOTE[0], "appended"), (REMOTE[1], "main")]
)
def test_no_configs_are_read_from_elsewhere(place: str, how: str, home: Project, canary: Path) -> None:
    overrides = {"override": f"hydra.searchpath=[{place}]", "appended": f"++hydra.searchpath=[{place}]"}
    if how == "main":
        text = f"hydra: {{searchpath: ['{place}']}}\ndefaults: [base, _self_, {{experiment: null}}]\n"
        (home.configs / "main.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="hydra.searchpath is not taken: configs come from the project's configs/"):
        compose([overrides[how]] if how in overrides else [], project=home)


@pytest.mark.parametrize("case", ["aliases", "depth", "python"])
def test_yaml_that_is_an_attack_is_told_with_its_file(case: str, home: Project, canary: Path) -> None:
    text, message = BROKEN[case]
    _experiment(home, text.replace("CANARY", str(canary)))

    with pytest.raises(ConfigError, match=message) as error:
        compose(["experiment=evil"], project=home)
    assert "evil.yaml" in str(error.value)
    assert not canary.exists()


def test_what_is_not_trusted_is_told_before_anything_is_imported(home: Project) -> None:
    _experiment(home, "defaults: [digits_resnet]\nmodel: {_target_: antigravity.Fly, a: [{_target_: os.system}]}\n")

    with pytest.raises(ConfigError) as error:
        sound_config(["experiment=evil"], home)

    untrusted = [problem.key for problem in error.value.problems if "is not trusted" in problem.what]
    assert untrusted == ["model._target_", "model.a[0]._target_"]


def test_ones_own_config_may_read_a_variable(home: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "here")
    _experiment(home, "vars: {place: '${oc.env:PLACE}'}\n")

    assert compose(["experiment=evil"], project=home).vars.place == "here"
