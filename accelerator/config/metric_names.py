"""Under which names a run measures: `train/loss`, `validation/accuracy`, `validation/<set>/accuracy`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

TRAIN_LOSSES = ("train/loss", "train/epoch_loss")


@dataclass(frozen=True)
class MetricNames:
    """The names that losses and metrics give.

    `losses` and `metrics` (name to the splits that it is measured on) are those of the config; `validation_sets` are
    the names of several validation sets, empty where there is one without a name; None: not known.
    """

    losses: Sequence[str]
    metrics: Mapping[str, Collection[str]]
    validation_sets: Sequence[str] | None = ()

    @property
    def known(self) -> list[str]:
        """All names that are known."""
        terms = [f"loss_{name}" for name in self.losses if len(self.losses) > 1]
        names = ["loss", *terms, *self._on("validation")]
        sets = [f"validation/{one}/{name}" for one in self.validation_sets or () for name in names]
        alone = [f"validation/{name}" for name in names] if not sets else ["validation/loss"]
        of_training = [f"train/{name}" for name in (*terms, *self._on("train"))]
        return [*TRAIN_LOSSES, *alone, *sets, *of_training]

    def has(self, name: str) -> bool:
        """Tell whether a name is measured; `<metric>_<key>` is where a metric gives a mapping."""
        if self.validation_sets is None and name.startswith("validation/") and name.count("/") > 1:
            name = f"validation/{name.split('/', 2)[2]}"  # of a set that may be there
        metrics = {*self._on("validation"), *self._on("train")}
        known = self.known
        may_be_mappings = [item for item in known if item.rpartition("/")[2] in metrics]
        return name in known or any(name.startswith(f"{item}_") for item in may_be_mappings)

    def _on(self, split: str) -> list[str]:
        return [name for name, splits in self.metrics.items() if split in splits]
