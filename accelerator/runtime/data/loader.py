"""Batches of an epoch, on the device and transformed: from memory, in the process, or from workers.

Which way is taken follows from the data: tensors in memory are sliced (`memory.py`); a data set with a length is
fetched batch by batch, by `workers` processes when there are any; an iterable is read in order. All of them yield
`(batch, ends_step)`.
"""

import itertools
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from accelerator.errors import ConfigError, Problem
from accelerator.runtime.data.fetch import Fetcher
from accelerator.runtime.data.memory import TensorSource, tensor_source
from accelerator.runtime.data.plan import EpochPlan, Request, SequentialSampler, Shape, is_batched
from accelerator.runtime.data.randomness import mix_seed, seeded_globals
from accelerator.runtime.data.splits import FirstSamples, Sampler
from accelerator.runtime.data.transforms import NamedTransform, apply_transforms

Placed = tuple[dict[str, Any], int, bool]
"""A batch on the host, the position of its first sample in the epoch, and whether it ends a step."""

_PREFETCH_PER_WORKER = 4


@dataclass(frozen=True, eq=False)
class Source:
    """One data set and how its samples become batches."""

    fetcher: Fetcher
    transforms: Sequence[NamedTransform]
    move: Callable[[Mapping[str, Any]], dict[str, Any]]
    """Puts a batch on the device, and does with it whatever else the engine does."""
    looks_ahead: bool = False
    """Whether a batch is moved while the one before it is worked on: pays where copies are asynchronous."""
    workers: int = 0
    pin_memory: bool = False


class Loader:
    """The batches of one data set. Position in an epoch is a number of steps."""

    def __init__(self, source: Source, shape: Shape, sampler: Sampler | None = None) -> None:
        if isinstance(sampler, FirstSamples) and is_iterable(source.fetcher.dataset):
            source = replace(source, fetcher=_of_first_samples(source.fetcher, sampler.first_samples))
        dataset, fetcher = source.fetcher.dataset, source.fetcher
        self._source = source
        self._shape = shape
        self._memory: TensorSource | None = None
        self._plan: EpochPlan | None = None
        self._workers: _Workers | None = None
        if is_iterable(dataset):
            if sampler is not None:
                raise ConfigError(
                    Problem(
                        "sampler", f"{type(dataset).__name__} has no length, so it has no order to choose", "Remove it."
                    )
                )
            return
        self._plan = EpochPlan(len(dataset), shape, sampler or SequentialSampler(), fetcher.seed)
        if not fetcher.sample_transforms and fetcher.collate is None and shape.world_size == 1:
            self._memory = tensor_source(dataset, fetcher.fields)
        if source.workers and self._memory is None:
            self._workers = _Workers(source)

    @property
    def way(self) -> str:
        """How batches are made: `memory`, `workers`, `process` or `iterable`."""
        if self._memory is not None:
            return "memory"
        if self._plan is None:
            return "iterable"
        return "process" if self._workers is None else "workers"

    def num_steps(self, epoch: int = 0) -> int | None:
        """Return the optimizer steps of an epoch; None when the data has no length."""
        return None if self._plan is None else self._plan.num_steps(epoch)

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[tuple[Mapping[str, Any], bool]]:
        """Yield (batch on the device, whether it ends a step), from the given step of the epoch on."""
        source = self._source
        placed = self._placed(epoch, first_step)
        if self._memory is not None and self._memory.is_left_by(source.move):
            for batch, position, ends_step in placed:
                if source.transforms:
                    yield apply_transforms(source.transforms, batch, source.fetcher.seed, epoch, position), ends_step
                else:
                    yield batch, ends_step
            return
        moved = ((source.move(batch), position, ends_step) for batch, position, ends_step in placed)
        for batch, position, ends_step in _one_ahead(moved) if source.looks_ahead else moved:
            yield apply_transforms(source.transforms, batch, source.fetcher.seed, epoch, position), ends_step

    def first_batch(self) -> Mapping[str, Any] | None:
        """Return the first batch of the first epoch, fetched in this process; None when there is none."""
        sampler = None if self._plan is None else self._plan.sampler
        in_process = Loader(replace(self._source, workers=0), self._shape, sampler)
        return next((batch for batch, _ in in_process.epoch(0)), None)

    def close(self) -> None:
        """End the workers."""
        if self._workers is not None:
            self._workers.close()

    def _placed(self, epoch: int, first_step: int) -> Iterator[Placed]:
        if self._plan is None:
            return self._read(epoch, first_step)
        if self._memory is not None:
            order = self._plan.order(epoch)
            if not is_batched(order):
                return self._memory.batches(order, self._shape, first_step)
        requests = self._plan.requests(epoch, first_step)
        if self._workers is not None:
            return self._workers.fetch(requests)
        return ((self._source.fetcher(request), request.position, request.ends_step) for request in requests)

    def _read(self, epoch: int, first_step: int) -> Iterator[Placed]:
        """Read an iterable in order, a whole step at a time, so that it is known which micro-batch ends it.

        What a resumed epoch has seen is read again and left out.
        """
        shape, fetcher = self._shape, self._source.fetcher
        with seeded_globals(mix_seed(fetcher.seed, epoch)):
            samples = iter(fetcher.dataset)
        position, step, is_full = 0, 0, True
        while is_full:
            batches: list[tuple[dict[str, Any], int]] = []
            begin = position
            for _ in range(shape.accumulation):
                with seeded_globals(mix_seed(fetcher.seed, epoch, position)):
                    found = list(itertools.islice(samples, shape.micro_batch_size))
                    if found and step >= first_step:
                        batches.append((fetcher.batch_of(found, epoch, position), position))
                position += len(found)
            is_full = position - begin == shape.batch_size
            if is_full or not shape.drop_last:
                last = len(batches) - 1
                yield from ((batch, start, place == last) for place, (batch, start) in enumerate(batches))
            step += 1


class _Requests:
    """What the workers are to fetch: an iterable that can be set anew for each epoch."""

    def __init__(self) -> None:
        self.current: list[Request] = []

    def __iter__(self) -> Iterator[Request]:
        return iter(self.current)

    def __len__(self) -> int:
        return len(self.current)


class _Workers:
    """Worker processes that live as long as the loader, so that an epoch does not wait for them to start."""

    def __init__(self, source: Source) -> None:
        self._requests = _Requests()
        self._running: Any = None  # torch's iterator over the loader, which owns the processes
        self._loader: DataLoader[Any] | None = DataLoader(
            _FetchedDataset(source.fetcher),
            batch_size=None,
            sampler=self._requests,
            num_workers=source.workers,
            persistent_workers=True,
            prefetch_factor=_PREFETCH_PER_WORKER,
            pin_memory=source.pin_memory,
            worker_init_fn=_leave_signals_to_the_run,
            generator=torch.Generator(),  # else every epoch would draw from the global generator
        )

    def fetch(self, requests: Iterable[Request]) -> Iterator[Placed]:
        """Yield the batches of the requests, in their order."""
        assert self._loader is not None, "closed"
        self._requests.current = list(requests)
        self._running = iter(self._loader)
        for request, batch in zip(self._requests.current, self._running, strict=True):
            yield batch, request.position, request.ends_step

    def close(self) -> None:
        """End the processes, also while an exception's traceback still holds the loader."""
        if self._running is not None:
            self._running._shutdown_workers()
        self._running = self._loader = None


class _FetchedDataset(torch.utils.data.Dataset[dict[str, Any]]):
    """What a worker sees: an index is a whole request."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def __getitem__(self, request: Any) -> dict[str, Any]:
        return self._fetcher(request)


def _of_first_samples(fetcher: Fetcher, number: int) -> Fetcher:
    """Return the fetcher of the first samples of an iterable, which are read now and kept."""
    with seeded_globals(mix_seed(fetcher.seed, 0)):
        return replace(fetcher, dataset=list(itertools.islice(iter(fetcher.dataset), number)))


def is_iterable(dataset: Any) -> bool:
    """Tell whether a data set can only be read in its own order."""
    return isinstance(dataset, IterableDataset) or not isinstance(dataset, Sized)


def _leave_signals_to_the_run(worker: int) -> None:
    """Let signals that reach the whole process group be the training process's to answer.

    The first SIGTERM only arms the second, so that a worker that hangs can still be ended.
    """
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.signal(number, signal.SIG_DFL))


def _one_ahead(items: Iterator[Placed]) -> Iterator[Placed]:
    """Ask for the next item before the current one is worked on."""
    current = next(items, None)
    while current is not None:
        following = next(items, None)
        yield current
        current = following
