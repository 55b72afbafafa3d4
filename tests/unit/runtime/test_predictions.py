"""Predictions as a Parquet file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from accelerator.errors import ComponentError, InputError, StorageError
from accelerator.runtime.predictions import PredictionFile

BATCH = {"input": torch.zeros(2, 3), "target": torch.tensor([1, 0])}


def written(path: Path, *batches: tuple[Mapping[str, Any], Mapping[str, Any], str]) -> pa.Table:
    with PredictionFile(path) as file:
        for predictions, batch, dataset in batches:
            file.write(predictions, batch, dataset)
        file.publish()
    return pq.read_table(path)


def test_rows_are_numbered_through_all_batches_and_carry_the_target(tmp_path: Path) -> None:
    first, second = {"prediction": torch.tensor([4, 5])}, {"prediction": torch.tensor([6, 7])}

    table = written(tmp_path / "p.parquet", (first, BATCH, ""), (second, BATCH, ""))

    assert table.to_pydict() == {"index": [0, 1, 2, 3], "prediction": [4, 5, 6, 7], "target": [1, 0, 1, 0]}


def test_batches_share_row_groups_of_some_thousand_rows(tmp_path: Path) -> None:
    batches = [({"prediction": torch.arange(1500)}, {"input": torch.zeros(1500)}, "")] * 8

    table = written(tmp_path / "p.parquet", *batches)

    assert table["index"].to_pylist() == list(range(12000))
    groups = pq.ParquetFile(tmp_path / "p.parquet").metadata
    assert [groups.row_group(place).num_rows for place in range(groups.num_row_groups)] == [9000, 3000]


def test_each_set_of_a_split_is_numbered_for_itself(tmp_path: Path) -> None:
    predictions = {"prediction": torch.tensor([4, 5])}

    table = written(tmp_path / "p.parquet", (predictions, BATCH, "clean"), (predictions, BATCH, "noisy"))

    assert table["index"].to_pylist() == [0, 1, 0, 1]
    assert table["dataset"].to_pylist() == ["clean", "clean", "noisy", "noisy"]


@pytest.mark.parametrize(
    ("value", "kind", "rows"),
    [
        (torch.tensor([0.5, 1.5]), pa.float32(), [0.5, 1.5]),
        (torch.tensor([0.5, 1.5], dtype=torch.bfloat16), pa.float32(), [0.5, 1.5]),
        (torch.tensor([True, False]), pa.bool_(), [True, False]),
        (torch.arange(4).reshape(2, 2), pa.list_(pa.int64()), [[0, 1], [2, 3]]),
        (torch.arange(4).reshape(2, 1, 2), pa.list_(pa.list_(pa.int64())), [[[0, 1]], [[2, 3]]]),
        (torch.zeros(2, 0), pa.list_(pa.float32()), [[], []]),
        (np.array([1, 2], dtype=np.int16), pa.int16(), [1, 2]),
        (["a", "b"], pa.string(), ["a", "b"]),
        ([torch.tensor([1]), torch.tensor([2, 3])], pa.list_(pa.int64()), [[1], [2, 3]]),
        ([torch.zeros(0, 4), torch.zeros(0, 4)], pa.list_(pa.list_(pa.float64())), [[], []]),
        ([None, torch.zeros(0, dtype=torch.bool)], pa.list_(pa.bool_()), [None, []]),
        ([np.array([], dtype="U3"), np.array(["a"])], pa.list_(pa.string()), [[], ["a"]]),
    ],
    ids=["scalar", "half", "bool", "vector", "matrix", "empty", "numpy", "text", "ragged", "boxes", "none", "texts"],
)
def test_a_value_keeps_its_shape_and_type(value: Any, kind: pa.DataType, rows: list[Any], tmp_path: Path) -> None:
    table = written(tmp_path / "p.parquet", ({"value": value}, BATCH, ""))

    assert table.schema.field("value").type == kind
    assert table["value"].to_pylist() == rows


def test_sequences_may_have_another_length_in_another_batch(tmp_path: Path) -> None:
    short, long = {"tokens": torch.zeros(2, 1)}, {"tokens": torch.zeros(2, 3)}

    table = written(tmp_path / "p.parquet", (short, BATCH, ""), (long, BATCH, ""))

    assert [len(row) for row in table["tokens"].to_pylist()] == [1, 1, 3, 3]


@pytest.mark.parametrize(
    ("value", "came"), [(torch.zeros(3), "3 entries"), (torch.tensor(1.0), "a single value"), (1.0, "a single value")]
)
def test_a_value_that_is_not_one_a_sample_is_an_error(value: Any, came: str, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=f"'score' has {came}, and the batch has 2 samples. Give one each"):
        written(tmp_path / "p.parquet", ({"score": value}, BATCH, ""))
    assert not list(tmp_path.glob("*p.parquet*"))


def test_a_type_that_changes_from_batch_to_batch_is_an_error(tmp_path: Path) -> None:
    whole, broken = {"score": torch.tensor([1, 2])}, {"score": torch.tensor([1.0, 2.0])}

    with pytest.raises(ComponentError, match=r"gives .*score \(float\).*the first one gave .*score \(int64\)"):
        written(tmp_path / "p.parquet", (whole, BATCH, ""), (broken, BATCH, ""))


@pytest.mark.parametrize(
    ("first", "later", "kind"),
    [
        ([None, None], ["a", None], pa.string()),
        ([[], []], [[1.5], []], pa.list_(pa.float64())),
        (["a", "b"], [None, None], pa.string()),
    ],
    ids=["none", "empty", "none_later"],
)
def test_a_batch_in_which_no_row_has_a_value_takes_the_type_of_the_others(
    first: list[Any], later: list[Any], kind: pa.DataType, tmp_path: Path
) -> None:
    table = written(tmp_path / "p.parquet", ({"found": first}, BATCH, ""), ({"found": later}, BATCH, ""))

    assert table.schema.field("found").type == kind
    assert table["found"].to_pylist() == [*first, *later]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    path.write_text("mine")

    with pytest.raises(InputError, match="exists already. Name another file, or remove that one"):
        PredictionFile(path)
    assert path.read_text() == "mine"
    assert list(tmp_path.glob("*p.parquet*")) == [path]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder. Name a file in it, such as .*predictions\.parquet"):
        PredictionFile(tmp_path)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    table = written(tmp_path / "a" / "b" / "p.parquet", ({"prediction": torch.tensor([4, 5])}, BATCH, ""))

    assert table.num_rows == 2


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match=r"could not be written: .*name another file with --output"):
        PredictionFile(tmp_path / "file" / "p.parquet")


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", refuse)

    with pytest.raises(StorageError, match=r"No space left on device. Free some space"):
        written(tmp_path / "p.parquet", ({"prediction": torch.tensor([4, 5])}, BATCH, ""))
    assert not list(tmp_path.glob("*p.parquet*"))
