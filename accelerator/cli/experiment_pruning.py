"""The verb of `accelerator experiment` that throws away what runs have left."""

from typing import Literal

from accelerator.cli.late import late
from accelerator.cli.pruned_text import print_pruned
from accelerator.config.project import Project
from accelerator.errors import UsageError
from accelerator.experiment.prune_choice import Choice


class PruningVerbs:
    """The part of `Experiment` that removes."""

    _project: Project

    def prune(
        self,
        *,
        older_than: str | None = None,
        where: str | None = None,
        keep_last: str | None = None,
        keep_best: str | None = None,
        by: str | None = None,
        remove: Literal["old_checkpoints", "checkpoints", "runs"] = "old_checkpoints",
        yes: bool = False,
        json: bool = False,
    ) -> int:
        """Show which old checkpoints would be removed and what that frees; remove them with --yes.

        Without a choice it is about all runs of the project, and about their checkpoints but the last and the best.
        What runs, what another run came from or a pipeline uses, and files that are not the run's own are kept, and
        said to be. A run goes only when all of it is in the tracker, if it is tracked.

        Flags:
          --older_than AGE  only runs that have written nothing for so long: 30d, 2w, 12h, 90min
          --where EXPR      only runs that fulfil it, as for list
          --keep_last N     of these keep the newest N
          --keep_best N     of these keep the best N, by the metric or key that --by names
          --by KEY          min:KEY or max:KEY where its name does not say which is better
          --remove WHAT     old_checkpoints (all but last and best), checkpoints (all of them), or runs (whole folders)
          --yes             do it
          --json            print an object: is_done, removals, leftovers, kept, refused, size_bytes

        Examples:
          accelerator experiment prune
          accelerator experiment prune --older_than 30d --yes
          accelerator experiment prune --remove checkpoints --older_than 30d --keep_best 5 --by validation/accuracy
          accelerator experiment prune --remove runs --where "status==died and step<100" --yes
        """
        last, best = _count("keep_last", keep_last), _count("keep_best", keep_best)
        choice = Choice(remove, where=where, older_than=older_than, keep_best=best, by=by, keep_last=last)
        return print_pruned(late("experiment", "prune")(choice, is_carried_out=yes, project=self._project), json)


def _count(flag: str, text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 10:
        raise UsageError(f"--{flag} {text}: is no number of runs. Write a whole number, such as --{flag} 5.")
    return int(text)
