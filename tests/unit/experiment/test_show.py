"""The config with its sources."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError
from accelerator.experiment.show import show


def test_each_value_stands_with_its_source(tmp_path: Path) -> None:
    lines = show(["experiment=digits_resnet", "optimizer.lr=0.01"], project=Project(tmp_path)).splitlines()

    assert [line.split() for line in lines if line.startswith("  lr:")] == [["lr:", "0.01", "#", "optimizer.lr=0.01"]]
    assert any("configs/experiment/digits_resnet.yaml:" in line for line in lines if line.startswith("name: digits"))


def test_a_config_that_does_not_compose_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'digits_resnet'|digits_resnet"):
        show(["experiment=digits_resent"], project=Project(tmp_path))
