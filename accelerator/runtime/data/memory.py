"""The fast path for data that is tensors in memory: a batch is a slice, not a list of samples put together again.

For `TensorDataset` (and `Subset`s of one) many batches are gathered in one indexing call and handed out as views.
A plain DataLoader costs about 180 microseconds a batch of 32 here, a slice about 5.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Subset, TensorDataset

from accelerator.runtime.data.fetch import PAIR
from accelerator.runtime.data.plan import Shape

_CHUNK_BYTES = 1 << 20  # one gather stays inside the cache: larger ones were slower on images
_MAX_CHUNK = 64


class TensorSource:
    """Tensors with a common first dimension, by field, and which rows of them belong to the data set."""

    def __init__(self, fields: dict[str, Tensor], rows: Tensor | None = None) -> None:
        self.fields = fields
        self._rows = rows
        first = next(iter(fields.values()))
        self.length = len(first) if rows is None else len(rows)
        self.sample_bytes = max(1, sum(value[:1].numel() * value.element_size() for value in fields.values()))

    def rows(self, indices: Tensor) -> dict[str, Tensor]:
        """Return some samples of the data set by field, as one batch."""
        chosen = indices if self._rows is None else self._rows[indices]
        return {name: value.index_select(0, chosen.to(value.device)) for name, value in self.fields.items()}

    def is_left_by(self, move: Callable[[Mapping[str, Any]], dict[str, Any]]) -> bool:
        """Tell whether `move` gives back a row as it is, so that batches need not go through it.

        That they are on the device is not enough to know: an engine may also change their type or layout.
        """
        row = {name: value[:1] for name, value in self.fields.items()}
        moved = move(row)
        return moved.keys() == row.keys() and all(moved[name] is value for name, value in row.items())

    def batches(
        self, order: Sequence[int], shape: Shape, first_step: int
    ) -> Iterator[tuple[dict[str, Any], int, bool]]:
        """Yield (batch, position of its first sample, whether it ends a step) from the given step on."""
        indices = order if isinstance(order, Tensor) else torch.as_tensor(list(order), dtype=torch.int64)
        size, micro = shape.batch_size, shape.micro_batch_size
        stop = len(indices) - len(indices) % size if shape.drop_last else len(indices)
        steps = max(1, min(_MAX_CHUNK, _CHUNK_BYTES // (self.sample_bytes * size)))
        names = list(self.fields)
        for start in range(first_step * size, stop, steps * size):
            end = min(start + steps * size, stop)
            chosen = indices[start:end] if self._rows is None else self._rows[indices[start:end]]
            columns = [value.index_select(0, chosen.to(value.device)).split(micro) for value in self.fields.values()]
            position = start
            for row in zip(*columns, strict=True):
                following = min(position + micro, end)
                yield dict(zip(names, row, strict=True)), position, following % size == 0 or following == stop
                position = following


def tensor_source(dataset: Any, fields: Sequence[str] | None) -> TensorSource | None:
    """Return the fast path for a data set, or None when it is not tensors in memory."""
    rows = None
    while type(dataset) is Subset:
        inner = torch.as_tensor(list(dataset.indices), dtype=torch.int64)
        length: int = len(dataset.dataset)  # type: ignore[arg-type]  # the Dataset of torch's stubs has no length
        inner = torch.where(inner < 0, inner + length, inner)  # counted from the end
        rows = inner if rows is None else inner[rows]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset:
        return None
    names = tuple(fields) if fields is not None else PAIR[: len(dataset.tensors)]
    if len(names) != len(dataset.tensors):
        return None  # the general path says what is wrong
    return TensorSource(dict(zip(names, dataset.tensors, strict=True)), rows)
