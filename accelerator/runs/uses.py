"""Who else needs a run: runs that came from it, and pipelines that what they have done rests on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from accelerator.runs.row import RunRow

PIPELINES = "pipelines"
_RECORDS = (".cache/steps/*.json", ".cache/begun/*.json", "*/*/pipeline.json")


@dataclass(frozen=True)
class Uses:
    """What is known of all runs of an output root."""

    children: dict[str, tuple[str, ...]]
    """For a run's name those that name it as their parent."""
    weights: tuple[tuple[str, str], ...]
    """Runs that start from weights, each with what it names."""
    records: str
    """All that pipelines have written down, as text: a run that it names is in use."""

    @classmethod
    def read(cls, output: Path, rows: Iterable[RunRow]) -> "Uses":
        """Read the runs and the pipelines below an output root."""
        children: dict[str, tuple[str, ...]] = {}
        weights: list[tuple[str, str]] = []
        for row in rows:
            if row.parent:
                children[row.parent] = (*children.get(row.parent, ()), row.run_id)
            named = row.config().get("weights")
            if isinstance(named, str):
                weights.append((row.run_id, named))
        return cls(children, tuple(weights), _records(output))

    def of_run(self, run_id: str, besides: Collection[str] = ()) -> str:
        """Return why a run is needed, in words; "" when nothing needs it. What is in `besides` does not count."""
        children = [name for name in self.children.get(run_id, ()) if name not in besides]
        children += [name for name, named in self.weights if run_id in named and name not in (*besides, run_id)]
        if children:
            more = f" and {len(children) - 1} more" if len(children) > 1 else ""
            return f"{children[0]}{more} came from it"
        return "a pipeline uses it" if run_id in self.records else ""

    def needs_checkpoint(self, run_id: str, name: str) -> bool:
        """Tell whether a pipeline, or the weights of another run, name one checkpoint of a run."""
        part = f"{run_id}/checkpoints/{name}"
        return part in self.records or any(part in named for _, named in self.weights)


def _records(output: Path) -> str:
    folder = output / PIPELINES
    found = [path for pattern in _RECORDS for path in sorted(folder.glob(pattern))]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in found)
