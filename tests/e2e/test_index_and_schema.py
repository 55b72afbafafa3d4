"""What `accelerator configure` generates, in real processes: written, named by an experiment, found stale, kept."""

import json
from pathlib import Path

from tests.e2e.command import accelerator

EXPERIMENT = """\
# @package _global_
# yaml-language-server: $schema=../schema.json
defaults:
  - /index/loss
  - /index/model
  - override /data: digits
model: ${index.model.small}
loss: {first: "${index.loss.mse}"}
"""


def test_a_config_of_the_project_s_own_is_named_through_the_index_that_was_written(project: Path) -> None:
    (project / "configs" / "model").mkdir()
    (project / "configs" / "model" / "small.yaml").write_text("_target_: mlp\nhidden: [8]\n", encoding="utf-8")
    (project / "configs" / "experiment" / "indexed.yaml").write_text(EXPERIMENT, encoding="utf-8")

    early = accelerator("experiment", "show", "experiment=indexed", cwd=project)
    written = accelerator("configure", "index", cwd=project)
    shown = accelerator("experiment", "show", "experiment=indexed", cwd=project)

    assert early.code == 2
    assert "index.model has no 'small'" in early.err
    assert (written.code, written.err) == (0, "")
    assert "configs/index/model.yaml written" in written.out.splitlines()
    assert (shown.code, shown.err) == (0, "")
    assert "index" not in {line.partition(":")[0] for line in shown.out.splitlines()}
    assert "configs/model/small.yaml:2" in next(line for line in shown.out.splitlines() if "hidden:" in line)


def test_the_schema_is_written_found_stale_and_never_overwritten_unasked(project: Path) -> None:
    schema = project / "configs" / "schema.json"
    first = accelerator("configure", "schema", cwd=project)
    (project / "configs" / "model").mkdir()
    (project / "configs" / "model" / "small.yaml").write_text("_target_: mlp\n", encoding="utf-8")
    stale = accelerator("configure", "schema", "--check", cwd=project)
    schema.write_text(schema.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    refused = accelerator("configure", "schema", cwd=project)

    assert (first.code, first.out) == (0, "configs/schema.json written\n")
    assert (stale.code, stale.out) == (1, "configs/schema.json: stale\n")
    assert stale.err == "To write them anew: accelerator configure schema\n"
    assert (refused.code, refused.out) == (2, "")
    assert "Traceback" not in refused.err
    assert (
        "small" not in json.loads(schema.read_text(encoding="utf-8"))["definitions"]["choice.model"]["anyOf"][0]["enum"]
    )
