"""What data a run read: of each set its size, its fields and a digest, in the run folder's `datasets.json`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from accelerator.errors import StorageError
from accelerator.runs.files import read_json
from accelerator.runs.folder import RunFolder

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Field:
    """One field of a sample."""

    name: str
    dtype: str
    """NumPy's name of it; for what is no number, the Python type's."""
    shape: list[int] | None
    """Without the batch; None for what is no number."""


@dataclass(frozen=True)
class DatasetFacts:
    """One data set of a run."""

    split: str
    dataset: str
    """Its name where the split has several, else ""."""
    size: int | None
    """Samples; None for one that is read as a stream."""
    fields: list[Field]
    digest: str | None
    """Of the size and of samples at fixed places, in hex; None where nothing could be read by its index."""
    samples_read: int
    """How many samples the digest knows."""


def datasets_to_json(found: Sequence[DatasetFacts]) -> dict[str, Any]:
    """Return the content of `datasets.json`."""
    return {"format_version": FORMAT_VERSION, "datasets": [asdict(item) for item in found]}


def read_datasets(folder: RunFolder) -> list[DatasetFacts]:
    """Return what a run says of its data; nothing for one that does not.

    Raises:
        StorageError: the file is damaged.
    """
    if not folder.datasets.is_file():
        return []
    try:
        return [_facts(item) for item in read_json(folder.datasets)["datasets"]]
    except (KeyError, TypeError) as error:
        raise StorageError(f"{folder.datasets}: does not say which data was read. The file is damaged.") from error


def _facts(item: dict[str, Any]) -> DatasetFacts:
    return DatasetFacts(**{**item, "fields": [Field(**entry) for entry in item["fields"]]})
