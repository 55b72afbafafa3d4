"""The reference names every key with its type, default and range, and every config of every group."""

from pathlib import Path

from accelerator.config.component_arguments import Argument, Arguments
from accelerator.config.groups import configs_of, groups_of
from accelerator.config.project import ConfigSource, shipped_configs
from accelerator.config.reference import reference_page
from accelerator.config.schema import ORDER, SECTIONS

OURS = [ConfigSource("accelerator", shipped_configs())]
PAGE = reference_page(OURS, {}, "the command")
NET = Arguments((Argument("width", "int | None", "3", "how wide"), Argument("depth", "int", "", "")), False)


def test_every_key_has_its_row() -> None:
    assert [key for key in ORDER if f"| `{key}` |" not in PAGE] == []
    assert [key for key in SECTIONS if f"\n## {key}\n" not in PAGE] == []
    assert (
        "| `loader.micro_batch_size` | whole number or null | `null` | at least 1 | "
        "samples that go through the model at once; null: derived |"
    ) in PAGE
    assert "| `checkpoint.mode` | text | `min` | min or max | whether less or more of it is better |" in PAGE
    assert "| `transform` | transform node or null | `null` |  | what its inputs go through first |" in PAGE


def test_defaults_are_those_of_the_shipped_base_config() -> None:
    assert "| `trust` | list of texts | `[torch, torchvision, torchmetrics, timm, transformers, kornia]` |" in PAGE
    assert "| `train.log_every` | interval | `50st` |" in PAGE
    assert "| `paths.output` | text | `outputs` |" in PAGE


def test_every_config_of_every_group_is_listed() -> None:
    missing = [
        (group, item.name)
        for group in groups_of(OURS)
        if group != "index"
        for item in configs_of(group, OURS)
        if f"`{group}={item.name}`" not in PAGE and f"`{group}@{group}.train=[{item.name}]`" not in PAGE
    ]

    assert missing == []
    assert "| `model=resnet8` | accelerator | A small residual network of three stages;" in PAGE


def test_a_config_is_shown_with_its_values_comments_and_what_its_component_takes_besides(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    text = "# A net.\n_target_: net\ndepth: 2 # layers\nextra: {a: 1e-3}\ndefaults: [x]\n"
    (tmp_path / "model" / "own.yaml").write_text(text, encoding="utf-8")

    page = reference_page([ConfigSource("project", tmp_path)], {"model:net": NET}, "me")

    assert "| `model=own` | project | A net. |" in page
    assert page.partition("`model=own`:\n\n")[2].splitlines()[2:6] == [
        "| `_target_` | component | `net` |  |",
        "| `depth` | `int` | `2` | layers |",
        "| `extra.a` |  | `0.001` |  |",
        "| `width` | `int \\| None` | (`3`) | how wide |",
    ]
