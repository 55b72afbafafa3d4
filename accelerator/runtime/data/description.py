"""What the data sets of a run are, told at its start: sizes, fields, and a digest that tells one content from another.

Tensors in memory are hashed whole up to 4 MiB (5 ms), else as many rows of them, evenly spaced. Of any other data four
samples are read: little beside the batch that training waits for anyway.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from accelerator.runs.datasets import DatasetFacts, Field
from accelerator.runtime.data.fetch import as_fields
from accelerator.runtime.data.loader import is_iterable
from accelerator.runtime.data.memory import TensorSource, tensor_source
from accelerator.runtime.data.randomness import mix_seed, seeded_globals
from accelerator.runtime.data.sample_values import as_array, fingerprint
from accelerator.runtime.data.splits import DataSplits

_MOST_BYTES = 4 << 20
_SAMPLES = 4


def describe_data(data: DataSplits, splits: Sequence[str]) -> list[DatasetFacts]:
    """Describe the sets of some splits. The global generators are left as they were.

    Raises:
        Exception: whatever a data set raises when a sample is read.
    """
    return [
        _describe(dataset, data.fields, split, name) for split in splits for name, dataset in data.sets(split).items()
    ]


def _describe(dataset: Any, fields: Sequence[str] | None, split: str, name: str) -> DatasetFacts:
    if is_iterable(dataset) or not len(dataset):
        return DatasetFacts(split, name, None if is_iterable(dataset) else 0, [], None, 0)
    source = tensor_source(dataset, fields)
    size = len(dataset)
    samples = list(_rows(source)) if source is not None else list(_read(dataset, fields, size))
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    for sample in samples:
        digest.update(fingerprint(dict(_values("", sample))))
    count = _num_rows(source) if source is not None else len(samples)
    described = [_field(key, value, is_batch=source is not None) for key, value in samples[0].items()]
    return DatasetFacts(split, name, size, described, digest.hexdigest(), count)


def _read(dataset: Any, fields: Sequence[str] | None, size: int) -> Iterator[Mapping[str, Any]]:
    for index in _spread(size, _SAMPLES):
        with seeded_globals(mix_seed(0, index)):  # a set that draws gives the same each time
            sample = dataset[index]
        yield as_fields(sample, fields)


def _rows(source: TensorSource) -> Iterator[Mapping[str, Any]]:
    """Yield one batch of the rows that are hashed."""
    yield source.rows(torch.tensor(_spread(source.length, _num_rows(source)), dtype=torch.int64))


def _num_rows(source: TensorSource) -> int:
    return max(1, min(source.length, _MOST_BYTES // source.sample_bytes))


def _spread(length: int, count: int) -> list[int]:
    """Return `count` places from first to last; all where there are no more."""
    if count >= length:
        return list(range(length))
    return [place * (length - 1) // max(1, count - 1) for place in range(count)]


def _values(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what can be told again in another process, by its place in the sample: of an object its type alone."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(f"{name}.{key}", inner)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _values(f"{name}.{place}", inner)
    else:
        is_plain = value is None or isinstance(value, str | bytes) or as_array(value) is not None
        yield name, value if is_plain else type(value).__name__


def _field(name: str, value: Any, *, is_batch: bool) -> Field:
    values = as_array(value)
    if values is None:
        return Field(name, type(value).__name__, None)
    return Field(name, str(values.dtype), list(values.shape[1:] if is_batch else values.shape))
