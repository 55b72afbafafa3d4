"""What a run folder tells of a run that was made in Python from objects."""

import pytest
import torch
import yaml

from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import PARAMETER, read_journal
from tests.unit.runtime.runs import run, tiny_context


def test_the_config_of_a_run_made_from_objects_holds_its_plain_values_as_a_user_writes_them() -> None:
    summary = run(tiny_context(record=True, name="tiny", train={"epochs": 1, "validate_every": "0.5ep"}))

    saved = yaml.safe_load(RunFolder(summary.run_folder).config.read_text(encoding="utf-8"))
    assert (saved["name"], saved["loader"]["batch_size"]) == ("tiny", 8)
    assert (saved["train"]["validate_every"], saved["checkpoint"]["every"]) == ("0.5ep", "1ep")


def test_the_parameters_of_a_run_made_from_objects_are_journaled_in_the_same_form() -> None:
    summary = run(tiny_context(record=True, train={"epochs": 1, "log_every": "10st"}))

    records = read_journal(RunFolder(summary.run_folder).journal)
    parameters = {item["name"]: item["value"] for item in records if item["kind"] == PARAMETER}
    assert (parameters["train.log_every"], parameters["train.max_time"]) == ("10st", None)


def test_a_traceback_is_logged_without_credentials() -> None:
    def fail(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        raise ValueError("no answer from http://me:hidden@host/")

    context = tiny_context(record=True, loss=fail)
    with pytest.raises(Exception, match="no answer"):
        run(context)

    (log,) = context.settings.output.rglob("log.txt")
    assert "http://***@host/" in log.read_text(encoding="utf-8")
    assert "hidden@host" not in log.read_text(encoding="utf-8")
