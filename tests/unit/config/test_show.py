"""The shown config is YAML that reads back, each line with its source, without secrets."""

from typing import Any

import yaml
from omegaconf import OmegaConf

from accelerator.config.show import render

Compose = Any


def test_what_is_shown_reads_back_as_the_config(composed: Compose) -> None:
    config = composed("experiment=digits_resnet", "+vars.odd='a: #b'", "+vars.list=[1,{a: 2}]")

    assert yaml.safe_load(render(config)) == OmegaConf.to_container(config)


def test_each_line_tells_its_source(composed: Compose) -> None:
    text = render(composed("experiment=digits_resnet", "optimizer.lr=0.5"))
    lines = {line.split("#")[0].strip(): line.split("# ")[-1] for line in text.splitlines()}

    assert lines["lr: 0.5"] == "optimizer.lr=0.5"
    assert lines["seed: 0"] == "accelerator/configs/base.yaml:25"
    assert lines["total_steps: ${train.total_steps}"] == "accelerator/configs/scheduler/warmup_cosine.yaml:4"


def test_comments_stand_in_one_column(composed: Compose) -> None:
    lines = [line for line in render(composed("experiment=digits_resnet")).splitlines() if "  # " in line]

    assert len({line.index("  # ") for line in lines if len(line.split("  # ")[0].rstrip()) <= 60}) == 1


def test_no_secret_is_shown(composed: Compose) -> None:
    text = render(composed("+tracking.token=hunter2", "tracking.tracking_uri=postgresql://u:hunter2@h/db"))

    assert "hunter2" not in text
    assert "token: '***'" in text


def test_a_config_made_by_hand_is_shown_without_sources() -> None:
    assert render(OmegaConf.create({"a": {"b": 1}, "c": []})) == "a:\n  b: 1\nc: []\n"


def test_what_is_hidden_in_the_search_path_is_told_at_the_end(composed: Compose, write: Any) -> None:
    write("optimizer/adamw.yaml", "_target_: adamw\nlr: 0.25\n")

    assert render(composed()).splitlines()[-1] == (
        "# configs/optimizer/adamw.yaml hides accelerator/configs/optimizer/adamw.yaml"
    )
