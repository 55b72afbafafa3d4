"""What a data set is like, and what is wrong with it: sizes, ranges, classes, duplicates, leaks, label conflicts.

Every sample is read once, in order, and nothing of it is kept but running sums and 24 bytes to recognise it by.
Two samples are the same when all their fields besides `target` have equal dtype, shape and bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accelerator.analysis.completeness import Completeness
from accelerator.analysis.fields import FieldStatistics, fields_of
from accelerator.analysis.identity import NO_TARGET, Fingerprints, Occurrence, Place
from accelerator.errors import RunFailedError, in_one_line
from accelerator.runtime.data.fetch import as_fields
from accelerator.runtime.data.loader import is_iterable
from accelerator.runtime.data.randomness import mix_seed, seed_globals, seeded_globals
from accelerator.runtime.data.sample_values import as_array, fingerprint
from accelerator.runtime.data.splits import SPLITS, DataSplits

TARGET = "target"
MOST_EXAMPLES = 10
_MOST_CLASSES = 1000


@dataclass
class Findings:
    """How often something was found, and the first places."""

    count: int = 0
    examples: list[Any] = field(default_factory=list)

    def add(self, example: Any, count: int = 1) -> None:
        """Count a finding, and keep it while there are few."""
        self.count += count
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(example)

    def to_json(self) -> dict[str, Any]:
        """Return `{count, examples}`."""
        return {"count": self.count, "examples": self.examples}


@dataclass
class SetAnalysis:
    """One data set of a split."""

    place: Place
    samples: int = 0
    fields: dict[str, FieldStatistics] = field(default_factory=dict)
    classes: dict[str, int] | None = None
    """Samples of each class; None where `target` is no class."""
    completeness: Completeness = field(default_factory=Completeness)


class DataAnalysis:
    """What `analyze_data` found.

    | attribute | holds |
    |---|---|
    | sets | an analysis for each set of each split |
    | duplicates | samples that stand in their set before |
    | leaks | samples of a later split that stand in an earlier one (train, validation, test) |
    | label_conflicts | samples that stand before, in any set, with another target |
    | non_finite | samples with a NaN or an infinity |
    | missing | samples that lack a field which others of their set have, or hold None there |
    """

    def __init__(self) -> None:
        self.sets: list[SetAnalysis] = []
        self.duplicates = Findings()
        self.leaks = Findings()
        self.label_conflicts = Findings()
        self.non_finite = Findings()
        self.missing = Findings()

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(found.count for found in self.defects.values())

    @property
    def defects(self) -> Mapping[str, Findings]:
        """What is wrong, by kind."""
        kinds = ("leaks", "duplicates", "label_conflicts", "non_finite", "missing")
        return {kind: getattr(self, kind) for kind in kinds}

    def to_json(self) -> dict[str, Any]:
        """Return what `analysis/data.json` holds."""
        return {
            "samples": {"count": sum(item.samples for item in self.sets), "examples": []},
            **{kind: found.to_json() for kind, found in self.defects.items()},
            "sets": [_set_json(item) for item in self.sets],
        }


class _ClassCounts:
    """Counts samples by class, until there are too many for classes: texts and numbers are not kept then."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    @property
    def known(self) -> dict[str, int] | None:
        """Samples of each class; None where `target` is no class."""
        return self._counts if 0 < len(self._counts) <= _MOST_CLASSES else None

    def add(self, label: str | None) -> None:
        """Count one sample; None is of no class."""
        if label is not None and len(self._counts) <= _MOST_CLASSES:
            self._counts[label] = self._counts.get(label, 0) + 1


def analyze(data: DataSplits, seed: int = 0) -> DataAnalysis:
    """Read all samples of all splits and tell what they are like.

    Args:
        data: the data; what a data set of its own accord transforms is analysed transformed.
        seed: of the global generators while a sample is read, for data sets that draw.

    Raises:
        ComponentError: samples are no mappings, and nothing names their parts.
        RunFailedError: a sample cannot be read; says which.
    """
    analysis, known = DataAnalysis(), Fingerprints()
    for split in SPLITS:
        for name, dataset in data.sets(split).items():
            found = SetAnalysis(Place(split, name))
            analysis.sets.append(found)
            classes = _ClassCounts()
            for index, sample in enumerate(_samples(dataset, found.place, data.fields, seed)):
                _look_at(sample, index, found, analysis)
                label = _label(sample.get(TARGET))
                known.add(fingerprint(sample, leave_out=TARGET), _target_of(sample, label))
                classes.add(label)
            known.end_set(found.place)
            found.classes = classes.known
    _compare(known, analysis)
    return analysis


def _samples(dataset: Any, place: Place, fields: Sequence[str] | None, seed: int) -> Iterator[dict[str, Any]]:
    if is_iterable(dataset):
        with seeded_globals(mix_seed(seed, 0)):
            yield from (as_fields(sample, fields) for sample in dataset)
        return
    with seeded_globals(mix_seed(seed, 0)):
        for index in range(len(dataset)):
            seed_globals(mix_seed(seed, 0, index))
            yield as_fields(_read(dataset, index, place), fields)


def _read(dataset: Any, index: int, place: Place) -> Any:
    try:
        return dataset[index]
    except Exception as error:  # the border to a data set
        where = f"Sample {index} of {' '.join(place.to_json().values())}"
        raise RunFailedError(
            f"{where} cannot be read: {in_one_line(error)}. Repair it, or leave it out of the data set."
        ) from error


def _target_of(sample: Mapping[str, Any], label: str | None) -> bytes:
    """Return what tells the sample's target from others: a class is the same whatever its dtype."""
    target = sample.get(TARGET) if label is None else label
    return NO_TARGET if target is None else fingerprint({TARGET: target})


def _look_at(sample: Mapping[str, Any], index: int, found: SetAnalysis, analysis: DataAnalysis) -> None:
    """Add one sample to the statistics of its set."""
    values = dict(fields_of(sample))
    place = found.place.to_json()
    found.samples += 1
    for lacking, names, count in found.completeness.add(index, values):
        analysis.missing.add({**place, "index": lacking, "fields": names}, count)
    present = {name: value for name, value in values.items() if value is not None}
    broken = [name for name, value in present.items() if found.fields.setdefault(name, FieldStatistics()).add(value)]
    if broken:
        analysis.non_finite.add({**place, "index": index, "fields": broken})


def _compare(known: Fingerprints, analysis: DataAnalysis) -> None:
    """Find what stands more than once: within a set, across splits, and with another target."""
    order = {split: place for place, split in enumerate(SPLITS)}
    for group in known.groups():
        first = next(group)
        in_its_set = {first.place: first}
        labelled = first
        for item in group:
            before = in_its_set.setdefault(item.place, item)
            if before is not item:
                analysis.duplicates.add(_pair(before, item))
            if order[item.place.split] > order[first.place.split]:
                analysis.leaks.add(_pair(first, item))
            if labelled.target == NO_TARGET:
                labelled = item
            elif item.target not in (labelled.target, NO_TARGET):
                analysis.label_conflicts.add(_pair(labelled, item))


def _pair(first: Occurrence, again: Occurrence) -> dict[str, Any]:
    return {"first": first.to_json(), "again": again.to_json()}


def _label(target: Any) -> str | None:
    """Return the class that a target names: of a whole number, a truth value or a text; None for anything else."""
    if isinstance(target, str):
        return target
    array = as_array(target)
    if array is None or array.size != 1 or array.dtype.kind not in "iub":
        return None
    return str(array.reshape(-1)[0].item())


def _set_json(item: SetAnalysis) -> dict[str, Any]:
    return {
        **item.place.to_json(),
        "samples": item.samples,
        "fields": {name: statistics.to_json() for name, statistics in item.fields.items()},
        "classes": None if item.classes is None else dict(sorted(item.classes.items(), key=_numbers_first)),
    }


def _numbers_first(item: tuple[str, int]) -> tuple[bool, int, str]:
    digits = item[0].removeprefix("-")
    return (not digits.isdecimal(), int(item[0]) if digits.isdecimal() else 0, item[0])
