"""Predictions as a Parquet file: one row a sample, in the data's order.

| column | type | holds |
|---|---|---|
| index | int64 | the sample's place in its data set |
| dataset | string | which set of the split, where it has several |
| what `prediction_step` gave | by its dtype; lists for more than one number a sample | |
| target | likewise | the batch's field `target`, where there is one |
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from accelerator.errors import ComponentError
from accelerator.runs.new_file import NewFile
from accelerator.runtime.data.transforms import batch_size_of
from accelerator.runtime.task import Batch

INDEX, DATASET, TARGET = "index", "dataset", "target"
_GROUP_ROWS, _GROUP_BYTES = 8192, 16 * 1024 * 1024
"""A row group is written when it has so many: one for each batch makes, of 20,000 rows in batches of one, a file of
18 MB that takes 8 s to read, instead of 1.4 MB and 0.05 s."""
_KINDS = {"b": pa.bool_(), "i": pa.int64(), "u": pa.int64(), "f": pa.float64(), "U": pa.string()}
"""What Arrow takes the numbers and texts of Python for, by the kinds of NumPy."""
_TOO_NARROW = (torch.bfloat16, torch.float16)  # NumPy lacks the one, many readers of Parquet the other


class PredictionFile:
    """A Parquet file that grows batch by batch, and stands in its place only when it is whole."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: the file; missing folders above it are made.

        Raises:
            InputError: there is a file already, or a folder.
            StorageError: the disk refuses.
        """
        self.path = path
        self.rows = 0
        self._file = NewFile(path, "predictions.parquet")
        self._writer: pq.ParquetWriter | None = None
        self._schema: pa.Schema | None = None
        self._waiting: list[pa.Table] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._next_index: dict[str, int] = {}

    def __enter__(self) -> "PredictionFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self.discard()

    def write(self, predictions: Mapping[str, Any], batch: Batch, dataset: str = "") -> None:
        """Append one batch.

        Args:
            predictions: what the task's `prediction_step` gave: by name, one entry a sample.
            batch: the batch it was given.
            dataset: the set of the split that the batch is of; "" where there is one set.

        Raises:
            ComponentError: a value has no entry for each sample, or its type changes from batch to batch.
            StorageError: the disk refuses.
        """
        count = batch_size_of(batch)
        start = self._next_index.get(dataset, 0)
        self._next_index[dataset] = start + count
        columns: dict[str, Any] = {INDEX: pa.array(range(start, start + count), pa.int64())}
        if dataset:
            columns[DATASET] = pa.array([dataset] * count)
        targets = {TARGET: batch[TARGET]} if TARGET in batch and TARGET not in predictions else {}
        for name, value in {**predictions, **targets}.items():
            columns[name] = _column(name, value, count)
        self._append(pa.table(columns))
        self.rows += count

    def publish(self) -> None:
        """Put the file in its place.

        Raises:
            InputError: a file was put there meanwhile.
            StorageError: the disk refuses.
        """
        try:
            self._flush()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        except OSError as error:
            raise self._file.refused(error) from error
        self._file.publish()

    def discard(self) -> None:
        """Remove what was written, unless it was published."""
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
        finally:
            self._file.discard()

    def _append(self, table: pa.Table) -> None:
        known = table.schema if self._schema is None else self._schema
        common = _common_schema(known, table.schema)
        if common is None or (self._writer is not None and common != known):
            raise ComponentError(
                f"prediction_step: this batch gives {_described(table.schema)}, and the first one gave "
                f"{_described(known)}. Give the same names and types for every batch."
            )
        self._schema = common
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        self._waiting_bytes += table.nbytes
        if self._waiting_rows >= _GROUP_ROWS or self._waiting_bytes >= _GROUP_BYTES:
            try:
                self._flush()
            except OSError as error:
                raise self._file.refused(error) from error

    def _flush(self) -> None:
        """Write what waits as one row group."""
        if not self._waiting:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file.beside, self._schema)
        self._writer.write_table(pa.concat_tables([table.cast(self._schema) for table in self._waiting]))
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0


def _column(name: str, value: Any, count: int) -> pa.Array:
    """Return one entry a sample as an Arrow array: numbers, or nested lists of numbers, or what Arrow makes of it."""
    try:
        length = len(value)
    except TypeError:  # a number, a tensor without dimensions
        length = None
    if length != count:
        came = "a single value" if length is None else f"{length} entries"
        raise ComponentError(f"prediction_step: '{name}' has {came}, and the batch has {count} samples. Give one each.")
    if isinstance(value, Tensor):
        value = _numpy(value)
    if isinstance(value, np.ndarray):
        return _nested(value)
    return pa.array([_plain(item) for item in value], _type_of(value))


def _numpy(tensor: Tensor) -> np.ndarray[Any, Any]:
    detached = tensor.detach().cpu()
    array: np.ndarray[Any, Any] = (detached.float() if detached.dtype in _TOO_NARROW else detached).numpy()
    return array


def _nested(array: np.ndarray[Any, Any]) -> pa.Array:
    """Return an array (samples, …) as `samples` lists, nested once for each further dimension."""
    values = pa.array(np.ascontiguousarray(array).reshape(-1))
    for axis in range(array.ndim - 1, 0, -1):
        lists = int(np.prod(array.shape[:axis], dtype=np.int64))
        offsets = np.arange(lists + 1, dtype=np.int32) * array.shape[axis]
        values = pa.ListArray.from_arrays(pa.array(offsets), values)
    return values


def _type_of(items: Any) -> pa.DataType | None:
    """Return the type of rows that are tensors or arrays, which they tell also where all are empty; else None."""
    arrays = [item for item in items if item is not None]
    if not all(isinstance(item, Tensor | np.ndarray) for item in arrays):
        return None
    kinds = {(_numpy(item) if isinstance(item, Tensor) else item).dtype.kind for item in arrays}
    dimensions = {item.ndim for item in arrays}
    if len(dimensions) != 1 or len(kinds) != 1:
        return None
    kind = _KINDS.get(kinds.pop())
    for _ in range(dimensions.pop() if kind is not None else 0):
        kind = pa.list_(kind)
    return kind


def _common_schema(left: pa.Schema, right: pa.Schema) -> pa.Schema | None:
    """Return the schema that rows of both fit; None where they differ in more than in what has no value yet."""
    if left.names != right.names:
        return None
    kinds = [_common_type(first, second) for first, second in zip(left.types, right.types, strict=True)]
    return None if None in kinds else pa.schema(zip(left.names, kinds, strict=True))


def _common_type(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if left.equals(right) or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    if not (pa.types.is_list(left) and pa.types.is_list(right)):
        return None
    inner = _common_type(left.value_type, right.value_type)
    return None if inner is None else pa.list_(inner)


def _plain(item: Any) -> Any:
    if isinstance(item, Tensor):
        item = _numpy(item)
    return item.tolist() if isinstance(item, np.ndarray | np.generic) else item


def _described(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema)
