"""What a `data` component is built into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from accelerator.errors import ComponentError

Dataset = Any
"""A map-style dataset (`__len__`, `__getitem__`, `__getitems__` to fetch a whole batch at once) or an iterable."""

SPLITS = ("train", "validation", "test")


class Sampler(Protocol):
    """In which order the samples of an epoch come. Pure: so a position in an epoch is a number."""

    def order(self, epoch: int, seed: int, length: int) -> Sequence[int] | Sequence[Sequence[int]]:
        """Return the indices of an epoch, or lists of indices, each of which is one batch."""


@runtime_checkable
class FirstSamples(Protocol):
    """A sampler that makes its order of a few samples: of data without a length, the first ones do."""

    @property
    def first_samples(self) -> int:
        """How many are read; data that ends before gives all it has."""


class Collate(Protocol):
    """From samples to a batch."""

    def __call__(self, samples: list[Any]) -> Any:
        """Return the batch of a list of samples: a mapping of fields, or a tuple named by `DataSplits.fields`."""


@dataclass(frozen=True, eq=False)
class DataSplits:
    """The data of a run, by split.

    A sample is a mapping of field to value, or a tuple whose parts `fields` names (a pair is `(input, target)` and a
    single tensor `input` when `fields` is None). `validation` and `test` may hold several sets by name. `facts` is
    what a model may want to know of the data (`{"num_classes": 10, "in_channels": 1}`): it fills arguments of the
    model that its config leaves null.
    """

    train: Dataset | None
    validation: Dataset | Mapping[str, Dataset] | None = None
    test: Dataset | Mapping[str, Dataset] | None = None
    fields: Sequence[str] | None = None
    collate: Collate | None = None
    sampler: Sampler | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def sets(self, split: str) -> dict[str, Dataset]:
        """Return the sets of a split by name; a single set has the name "". Empty when the split does not exist.

        Raises:
            ComponentError: there is no split of that name.
        """
        if split not in SPLITS:
            raise ComponentError(f"There is no split '{split}'. Known: {', '.join(SPLITS)}.")
        found = getattr(self, split)
        if found is None:
            return {}
        return dict(found) if isinstance(found, Mapping) else {"": found}


def as_data_splits(data: Any) -> DataSplits:
    """Return `data` as DataSplits: a single dataset becomes the training set."""
    return data if isinstance(data, DataSplits) else DataSplits(train=data)
