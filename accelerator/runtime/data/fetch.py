"""From samples to a batch, in the training process or in a worker: fetch, sample transforms, collate.

Whatever draws from the global generators on the way finds them seeded: a data set with its own augmentation for its
batch, so that a batch is the same in any worker and after a resume; a sample transform that takes no `rng` for its
sample, so that micro-batches make no difference either.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch.utils.data import default_collate

from accelerator.errors import ComponentError
from accelerator.runtime.data.plan import Request
from accelerator.runtime.data.randomness import mix_seed, sample_generator, seed_globals, seeded_globals
from accelerator.runtime.data.transforms import NamedTransform, check_mapping

PAIR = ("input", "target")


@dataclass(frozen=True, eq=False)
class Fetcher:
    """Fetches micro-batches of one data set. Called with a `Request`, in whatever process."""

    dataset: Any
    fields: Sequence[str] | None = None
    collate: Callable[[list[Any]], Any] | None = None
    sample_transforms: Sequence[NamedTransform] = ()
    seed: int = 0

    def __call__(self, request: Request) -> dict[str, Any]:
        """Return the batch of a request, as a mapping of fields on the host."""
        with seeded_globals(mix_seed(self.seed, request.epoch, request.position)):
            found = self._samples(request.indices)
            return self.batch_of(found, request.epoch, request.position)

    def batch_of(self, samples: Any, epoch: int, position: int) -> dict[str, Any]:
        """Return the batch of samples that are at hand; `position` is that of the first one in its epoch."""
        if not isinstance(samples, list):
            return as_fields(samples, self.fields)
        if self.sample_transforms:
            samples = [self._transformed(sample, epoch, position + place) for place, sample in enumerate(samples)]
        if self.collate is not None:
            return as_fields(self.collate(samples), self.fields)
        return as_fields(default_collate(samples), self.fields)

    def _samples(self, indices: Sequence[int]) -> Any:
        if self._fetch_many is not None:
            return self._fetch_many(self.dataset, indices)
        return [self.dataset[index] for index in indices]

    @functools.cached_property
    def _fetch_many(self) -> Callable[[Any, Sequence[int]], Any] | None:
        """The data's `__getitems__`; not where it gives whole batches and something has to work on samples."""
        found: Callable[[Any, Sequence[int]], Any] | None = getattr(type(self.dataset), "__getitems__", None)
        if found is None or not (self.sample_transforms or self.collate is not None):
            return found
        return found if isinstance(found(self.dataset, [0]), list) else None

    def _transformed(self, sample: Any, epoch: int, position: int) -> dict[str, Any]:
        fields = as_fields(sample, self.fields)
        for stream, transform in enumerate(self.sample_transforms):
            if transform.takes_rng:
                fields = transform.function(fields, sample_generator(self.seed, epoch, position, stream))
            else:
                seed_globals(mix_seed(self.seed, epoch, stream, position))  # the batch's block puts them back
                fields = transform.function(fields)
            check_mapping(fields, f"sample_transform '{transform.name}'", "sample")
        return fields


def as_fields(sample: Any, fields: Sequence[str] | None) -> dict[str, Any]:
    """Return a sample or a batch as a mapping of field to value.

    Raises:
        ComponentError: it is a tuple whose parts `fields` does not name one by one.
    """
    if isinstance(sample, Mapping):
        return dict(sample)
    parts = tuple(sample) if isinstance(sample, list | tuple) else (sample,)
    names = tuple(fields) if fields is not None else PAIR[: len(parts)]
    if len(names) != len(parts):
        raise ComponentError(
            f"the data gives {len(parts)} values a sample, and `fields` names {len(names)} ({', '.join(names)}). "
            f"Give DataSplits(fields=[…]) one name for each value, or samples that are mappings."
        )
    return dict(zip(names, parts, strict=True))
