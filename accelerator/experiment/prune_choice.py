"""What `prune` is asked for."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Remove: TypeAlias = Literal["old_checkpoints", "checkpoints", "runs"]
OLD, ALL, RUNS = "old_checkpoints", "checkpoints", "runs"


@dataclass(frozen=True)
class Choice:
    """Which runs `prune` is about, and what of them goes."""

    remove: Remove = "old_checkpoints"
    """Checkpoints but those that `last` and `best` name; all checkpoints; or the runs themselves."""
    where: str | None = None
    older_than: str | None = None
    """Only runs that have written nothing for so long: `30d`, `12h`, `2w`, `90min`."""
    keep_best: int = 0
    by: str | None = None
    """What the best are by; `min:KEY`, `max:KEY` where its name does not tell."""
    keep_last: int = 0

    @property
    def is_narrowed(self) -> bool:
        """Whether anything says which runs are meant."""
        return bool(self.where or self.older_than or self.keep_best or self.keep_last)
