"""`accelerator experiment …`: one method for each verb. Its docstring is its help page.

What a verb needs is imported when it is called, so that a help page costs neither Hydra nor torch.
"""

import sys
from json import dumps
from typing import Any, Literal

from accelerator.cli.compared_text import print_compared
from accelerator.cli.dispatch import run_command
from accelerator.cli.explained_text import explained_text
from accelerator.cli.late import late
from accelerator.cli.outcome import print_outcome, print_synced
from accelerator.cli.sweep_outcome import print_sweep
from accelerator.cli.terminal import print_error, print_line, print_table
from accelerator.config.project import Project
from accelerator.errors import UsageError

LIST_HEADER = ("name", "run", "status", "epoch", "step", "metrics", "started", "seconds")


class Experiment:
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

    def predict(
        self,
        run: str,
        *overrides: str,
        output: str | None = None,
        split: Literal["validation", "test"] = "test",
        checkpoint: Literal["last", "best"] | None = None,
    ) -> int:
        """Write what a trained run predicts as a Parquet file: one row a sample, in the data's order.

        The columns are index, what the task gives (classification: prediction and probabilities), and target where
        the data has one. The prediction has a run folder of its own, printed last.

        Flags:
          --output FILE   the file to write; needed
          --split S       validation or test (the default)
          --checkpoint C  last or best; without it what the run's checkpoint.use says

        Examples:
          accelerator experiment predict last --output predictions.parquet
          accelerator experiment predict 3fa2b1 --output validation.parquet --split validation --checkpoint best
        """
        if output is None:
            raise UsageError("accelerator experiment predict: --output is missing. Write --output FILE.parquet.")
        predicted = late("experiment", "predict")(
            run, overrides, output=output, split=split, checkpoint=checkpoint, project=self._project, say=print_line
        )
        return print_outcome(predicted)

    def analyze_model(self, *overrides: str) -> int:
        """Run a config's model on a real batch and tell what it costs, per module; writes JSON and a page.

        Parameters, FLOPs (forward, one sample), output shapes, time and memory, and where they go in words. It has a
        run folder of its own, printed last, with analysis/model.json and analysis/model.html.

        Examples:
          accelerator experiment analyze_model experiment=digits_resnet
          accelerator experiment analyze_model experiment=cifar10_resnet18 loader.batch_size=128
        """
        return print_outcome(late("experiment", "analyze_model")(overrides, project=self._project, say=print_line))

    def analyze_data(self, *overrides: str) -> int:
        """Read a config's data and tell what it is like and what is wrong with it; writes JSON and a page.

        Sizes, shapes, ranges, classes, mean and std to paste into a config; duplicates, leaks between splits, label
        conflicts, non-finite and missing values. It has a run folder of its own, printed last, with
        analysis/data.json and analysis/data.html.

        Examples:
          accelerator experiment analyze_data experiment=digits_resnet
        """
        return print_outcome(late("experiment", "analyze_data")(overrides, project=self._project, say=print_line))

    def show(self, *overrides: str) -> int:
        """Print the composed config, each line with the file and line, or the override, that set it.

        Examples:
          accelerator experiment show experiment=digits_resnet
          accelerator experiment show experiment=digits_resnet optimizer.lr=0.01 | grep lr
        """
        print_line(late("experiment", "show")(overrides, project=self._project).removesuffix("\n"))
        return 0

    def explain(self, key: str, run: str | None = None, *overrides: str, json: bool = False) -> int:
        """Tell why a key has its value: what set it, what that shadowed, and what an interpolation points to.

        Sources stand newest first: a file and line, or an override as typed. With a RUN its own config is explained,
        as it was when it started, with the overrides on top. KEY may be a part of the config (model), or an element
        of a list (parameter_groups.no_decay.match[0]).

        Flags:
          --json  print an object: key, value, sources, hidden, points_to

        Examples:
          accelerator experiment explain optimizer.lr experiment=digits_resnet
          accelerator experiment explain model experiment=digits_resnet model=mlp
          accelerator experiment explain optimizer.lr last
        """
        found = late("experiment", "explain")(key, run, overrides, project=self._project)
        print_line(dumps(found.to_json(), indent=2, ensure_ascii=False) if json else explained_text(found))
        return 0

    def compare(self, *runs: str, json: bool = False) -> int:
        """Print in one table what differs between runs, grouped by cause, with what came out of each.

        Causes: seed, overrides as typed, choices (another experiment, or another config of a group), config files
        that were changed, code (commit, uncommitted changes), environment (versions, host, device). The rows `result`
        tell status, metrics and the best value. What is the same in all runs is left out.

        Flags:
          --json  print an object: runs, differences by cause, same_keys, notes

        Examples:
          accelerator experiment compare 3fa2b1 last
          accelerator experiment compare 3fa2b1 9c04e7 last --json | jq '.differences.overrides'
        """
        if len(runs) < 2:
            command = "accelerator experiment compare"
            raise UsageError(f"{command} takes two RUNs or more, and got {len(runs)}. Write {command} RUN RUN.")
        found = late("experiment", "compare")(runs, project=self._project)
        if json:
            print_line(dumps(found.to_json(), indent=2, ensure_ascii=False))
        else:
            print_compared(found)
        return 0

    def list(self, *, json: bool = False) -> int:
        """Print the runs of the project as a table, the newest last.

        Flags:
          --json       print a list of objects, with all metrics in full precision

        Examples:
          accelerator experiment list
          accelerator experiment list --json | jq '.[-1].metrics'
        """
        rows = late("experiment", "list_runs")(self._project)
        if json:
            print_line(dumps([row.to_json() for row in rows], indent=2))
        elif rows:
            print_table(LIST_HEADER, [_cells(row) for row in rows])
        else:
            print_error("No runs yet. Start one: accelerator experiment train experiment=digits_resnet")
        return 0

    def sync(self, run: str) -> int:
        """Carry to the tracker what of a run has not arrived there; exit 1 when something stays unsent.

        Examples:
          accelerator experiment sync last
          accelerator experiment sync outputs/digits/20261123-101500-3fa2b1
        """
        return print_synced(late("experiment", "sync")(run, project=self._project))


def _cells(row: Any) -> tuple[str, ...]:
    metrics = ", ".join(f"{name} {value:.5g}" for name, value in row.main_metrics.items())
    counts = (str(row.epoch), str(row.step))
    return (row.name, row.run_id, row.status, *counts, metrics, row.started, f"{row.seconds:.1f}")


if __name__ == "__main__":
    sys.exit(run_command({"experiment": Experiment}, ["experiment", *sys.argv[1:]]))
