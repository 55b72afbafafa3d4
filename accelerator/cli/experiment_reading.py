"""The verbs of `accelerator experiment` that look at configs and runs, and start none."""

from json import dumps

from accelerator.cli.compared_text import print_compared
from accelerator.cli.explained_text import explained_text
from accelerator.cli.late import late
from accelerator.cli.outcome import print_synced
from accelerator.cli.runs_text import print_runs
from accelerator.cli.terminal import print_error, print_line
from accelerator.config.project import Project


class ReadingVerbs:
    """The part of `Experiment` that tells what configs and runs say, and how runs stand."""

    _project: Project

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

    def compare(
        self,
        *runs: str,
        curves: str | None = None,
        output: str | None = None,
        tracking: str | None = None,
        json: bool = False,
    ) -> int:
        """Print in one table what differs between runs, grouped by cause, with what came out of each.

        Causes: seed, overrides as typed, choices (another experiment, or another config of a group), config files
        that were changed, code (commit, uncommitted changes), environment (versions, host, device). The rows `result`
        tell status, metrics and the best value. What is the same in all runs is left out.

        Flags:
          --curves METRICS  draw these of all runs into the file, with commas between; also of one run alone
          --output FILE     write a new file instead: .csv, .parquet or .html; with --curves .png, .svg or .html
          --tracking STORE  read from MLflow instead: its address, or mlflow for the project's store
          --json            print an object: runs, differences by cause, same_keys, notes

        Examples:
          accelerator experiment compare 3fa2b1 last
          accelerator experiment compare 3fa2b1 9c04e7 last --json | jq '.differences.overrides'
          accelerator experiment compare 3fa2b1 last --curves train/loss,validation/loss --output curves.png
        """
        found = late("experiment", "compare")(
            runs, curves=curves, output=output, tracking=tracking, project=self._project
        )
        if json:
            print_line(dumps(found.comparison.to_json(), indent=2, ensure_ascii=False))
        elif found.file is None:
            print_compared(found.comparison)
        else:
            print_line(str(found.file))
        return 0

    def list(
        self,
        *,
        where: str | None = None,
        sort: str | None = None,
        columns: str | None = None,
        output: str | None = None,
        tracking: str | None = None,
        json: bool = False,
    ) -> int:
        """Print the runs of the project as a table, the newest last; those of sweeps and pipelines too.

        A KEY is a metric (validation/accuracy), a key of the config (optimizer.lr), or a field: name, run, status,
        epoch, step, started, seconds, samples_per_second, size, checkpoints (their bytes), best, parent, error. Where
        a key of the config has the name of one of those, write config.KEY.

        Flags:
          --where EXPR     only runs that fulfil it: KEY<VALUE (<= > >= == !=), and, or, not, parentheses; quote it
          --sort KEY       smallest first; -KEY largest first; runs without it last
          --columns KEYS   these instead of the usual ones, with commas between
          --output FILE    write a new file, .csv, .parquet or .html, instead of printing
          --tracking STORE read from MLflow instead: its address, or mlflow for the project's store
          --json           print a list of objects, with all metrics in full precision

        Examples:
          accelerator experiment list
          accelerator experiment list --where "optimizer.lr<0.01 and status==completed" --sort -validation/accuracy
          accelerator experiment list --columns optimizer.lr,seed,test/accuracy --output runs.csv
          accelerator experiment list --json | jq '.[-1].metrics'
        """
        rows = late("experiment", "list_runs")(
            self._project, where=where, sort=sort, tracking=tracking, say=print_error
        )
        if output is not None:
            print_line(late("experiment", "write_runs")(rows, output, columns))
        else:
            print_runs(rows, columns, json, is_chosen=where is not None)
        return 0

    def sync(self, run: str) -> int:
        """Carry to the tracker what of a run has not arrived there; exit 1 when something stays unsent.

        RUN may be a folder of runs, such as that of a sweep or a pipeline, or `outputs`: then all of them are carried.

        Examples:
          accelerator experiment sync last
          accelerator experiment sync outputs/digits/20261123-101500-3fa2b1
          accelerator experiment sync outputs
        """
        return print_synced(late("experiment", "sync")(run, project=self._project))
