"""`accelerator experiment …`: one method for each verb. Its docstring is its help page.

The verbs that train and measure stand here, the others by subject in the classes that it is made of. What a verb
needs is imported when it is called, so that a help page costs neither Hydra nor torch.
"""

import sys
from typing import Literal

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment_pruning import PruningVerbs
from accelerator.cli.experiment_reading import ReadingVerbs
from accelerator.cli.experiment_using import UsingVerbs
from accelerator.cli.late import late
from accelerator.cli.outcome import print_outcome
from accelerator.cli.sweep_outcome import print_sweep
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project
from accelerator.heap import leave


class Experiment(UsingVerbs, ReadingVerbs, PruningVerbs):
    """Train, resume, evaluate and look at runs.

    Without a verb, overrides mean train. A RUN is the path of a run folder, its name, a unique ending of it, or
    `last` (to resume or evaluate: the last that trained). An OVERRIDE is Hydra's: key=value, group=name,
    +key=value to add, ~key to remove.

    Examples:
      accelerator experiment experiment=digits_resnet optimizer.lr=0.01
      accelerator experiment resume last
      accelerator experiment list
    """

    default_verb = "train"

    def __init__(self, project: Project) -> None:
        self._project = project

    def train(
        self, *overrides: str, resume: Literal["auto"] | None = None, config: str | None = None, dry_run: bool = False
    ) -> int:
        """Train and test a model; the last line printed is the run folder.

        All problems of the config are told at once, before anything is started.

        Flags:
          --resume auto  go on with the newest run of this name that died, failed or was interrupted; else start anew
          --config DIR   train the saved config of a run's folder anew, with the overrides on top: the configs of
                         today do not count, and what it may name is up to this project's trust
          --dry_run      build everything, take one real optimizer step, save and load it, and leave nothing behind

        Exit codes: 0 done, 1 the run failed, 2 wrong input, 130 Ctrl-C, 143 SIGTERM (both saved first).

        Examples:
          accelerator experiment train experiment=digits_resnet
          accelerator experiment train experiment=digits_resnet optimizer.lr=0.01 train.epochs=2 tracking=none
          accelerator experiment train experiment=digits_resnet --dry_run
          accelerator experiment train --config outputs/digits/20261123-101500-3fa2b1 seed=1
        """
        if dry_run:
            print_line(late("experiment", "dry_run")(overrides, project=self._project, saved=config))
            return 0
        return print_outcome(
            late("experiment", "train")(overrides, project=self._project, resume=resume, saved=config, say=print_line)
        )

    def resume(self, run: str, *overrides: str, fork: bool = False) -> int:
        """Go on with a run from its newest sound checkpoint, in its own folder.

        The run's own config counts, with the overrides on top. It says whether the end will be the same to the last
        bit (exact) or why not (continuous). A completed run goes on when an override makes it longer.

        Flags:
          --fork  leave the run as it is and go on in a new run folder, which names it as its parent

        Examples:
          accelerator experiment resume last
          accelerator experiment resume 3fa2b1 train.epochs=20
          accelerator experiment resume 3fa2b1 optimizer.lr=1e-4 --fork
        """
        outcome = late("experiment", "resume")(run, overrides, fork=fork, project=self._project, say=print_line)
        return print_outcome(outcome)

    def evaluate(
        self,
        run: str,
        *overrides: str,
        split: Literal["validation", "test"] = "test",
        checkpoint: Literal["last", "best"] | None = None,
    ) -> int:
        """Measure a trained run on a split; the evaluation has a run folder of its own, printed last.

        Flags:
          --split S       validation or test (the default)
          --checkpoint C  last or best; without it what the run's checkpoint.use says

        Examples:
          accelerator experiment evaluate last
          accelerator experiment evaluate 3fa2b1 --split validation --checkpoint best
        """
        evaluated = late("experiment", "evaluate")(
            run, overrides, split=split, checkpoint=checkpoint, project=self._project, say=print_line
        )
        return print_outcome(evaluated)

    def sweep(self, *overrides: str, resume: str | None = None) -> int:
        """Train once for each combination of values; ends with a table and a picture.

        Comma lists, range(), choice() and, with Optuna, interval() say what varies. All is checked before the first job
        starts, and the configs are frozen then: to edit them changes nothing any more. Code is not frozen. Each job is
        a training of its own, which `list` shows. A job that fails does not end the sweep.

        Flags:
          --resume DIR  run what a sweep has not completed, from the checkpoints that are there

        Exit codes: 0 all jobs are done, 1 some failed, 2 wrong input, 130 Ctrl-C, 143 SIGTERM (jobs are saved first).

        Examples:
          accelerator experiment sweep experiment=digits_resnet optimizer.lr=0.1,0.01 'seed=range(3)'
          accelerator experiment sweep experiment=digits_resnet optimizer.lr=0.1,0.01 hydra/launcher=joblib
          accelerator experiment sweep 'optimizer.lr=interval(0.001,0.1)' hydra/sweeper=optuna hydra.sweeper.n_trials=9
        """
        return print_sweep(late("experiment", "sweep")(overrides, resume=resume, project=self._project, say=print_line))


if __name__ == "__main__":
    leave(run_command({"experiment": Experiment}, ["experiment", *sys.argv[1:]]))
