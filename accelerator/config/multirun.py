"""Our Hydra application for multirun: the one file that knows launchers and sweepers, on 1.3 and 1.4.

The application's own config holds one key for each parameter of the sweep (`p0`, `p1`), and nothing of ours: a sweeper
draws their values, and a launcher hands them to a task; who calls it composes the jobs.
"""

import importlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, RangeSweep
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.hydra_api import no_traces
from accelerator.config.launcher_packages import how_to_install
from accelerator.config.project import ConfigSource
from accelerator.errors import InputError, first_line

Draw = Callable[[tuple[str, ...]], float | None]
"""Does the job of the overrides that were drawn; returns the objective, None for a failed one."""
_APP = "sweep"
_SILENT = ("hydra/job_logging=none", "hydra/hydra_logging=none", "hydra.output_subdir=null")


@dataclass(frozen=True)
class SweepLine:
    """The overrides of a sweep's command line, sorted."""

    fixed: tuple[str, ...]
    """What each job has."""
    parameters: tuple[str, ...]
    """What a sweeper draws from: comma lists, `range()`, `choice()`, `interval()`."""
    hydra: tuple[str, ...]
    """What chooses and sets sweeper and launcher."""

    @property
    def uses_optuna(self) -> bool:
        """Whether Optuna draws: its jobs are not known when the sweep starts."""
        return "hydra/sweeper=optuna" in self.hydra

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the parameters, as typed."""
        return tuple(item.partition("=")[0] for item in self.parameters)


def read_line(overrides: Sequence[str]) -> SweepLine:
    """Sort the overrides of a sweep; they have been found to be well formed.

    Raises:
        InputError: one of them would look for the names of a group.
    """
    fixed: list[str] = []
    parameters: list[str] = []
    hydra: list[str] = []
    for item in OverridesParser.create().parse_overrides(list(overrides)):
        text = str(item.input_line)
        key = item.key_or_group
        if isinstance(item.value(), Glob):
            raise InputError(f"{text} (command line): glob() is not taken. Write the names: {key}=a,b")
        place = hydra if key.startswith(("hydra.", "hydra/")) else parameters if item.is_sweep_override() else fixed
        place.append(text)
    return SweepLine(tuple(fixed), tuple(parameters), tuple(hydra))


def combinations(line: SweepLine) -> list[tuple[str, ...]]:
    """Return the overrides of every job of a grid, in Hydra's order.

    Raises:
        InputError: an `interval()` has no list of values.
    """
    parsed = OverridesParser.create().parse_overrides(list(line.parameters))
    endless = next((item for item in parsed if isinstance(item.value(), IntervalSweep)), None)
    if endless is not None:
        raise InputError(
            f"{endless.input_line} (command line): an interval is drawn from by a sweeper such as Optuna. "
            f"Add hydra/sweeper=optuna, or write a list: {endless.key_or_group}=0.1,0.01"
        )
    return [tuple(job) for batch in BasicSweeper.split_arguments(parsed, None) for job in batch]


def samples(line: SweepLine) -> list[tuple[str, ...]]:
    """Return overrides that try each value of each list, and the ends of each interval and range, at least once."""
    columns = values_drawn(line)
    longest = max(len(column) for column in columns)
    return [tuple(column[min(place, len(column) - 1)] for column in columns) for place in range(longest)]


def values_drawn(line: SweepLine) -> list[list[str]]:
    """Return, for each parameter, the overrides for its values: all of a list, the ends of an interval or a range."""
    parsed = OverridesParser.create().parse_overrides(list(line.parameters))
    return [[f"{key}={value}" for value in _values(item)] for key, item in zip(line.keys, parsed, strict=True)]


def _values(item: Any) -> list[str]:
    sweep = item.value()
    if isinstance(sweep, IntervalSweep):
        return [str(sweep.start), str(sweep.end)]
    values = [str(text) for text in item.sweep_string_iterator()]
    return [values[0], values[-1]] if isinstance(sweep, RangeSweep) else values


@dataclass(frozen=True)
class _Task:
    """What a launcher calls, in this process or in another: it is pickled."""

    keys: tuple[str, ...]
    draw: Draw

    def __call__(self, _config: Any) -> float | None:
        drawn = [text.partition("=") for text in HydraConfig.get().overrides.task]
        values = {name: value for name, _, value in drawn}
        return self.draw(tuple(f"{key}={values[f'p{place}']}" for place, key in enumerate(self.keys)))


@dataclass(frozen=True)
class HydraPlace:
    """Where our Hydra application reads and writes."""

    folder: Path
    """It writes to a new folder in this one: what lies there already may come from a stranger."""
    sources: tuple[ConfigSource, ...] = ()
    """Their `hydra/` holds launchers and sweepers that users have set up."""


def check_plugins(line: SweepLine, place: HydraPlace) -> None:
    """Compose the application's own config, so that an absent plugin or a mistyped setting is told before any job.

    Raises:
        InputError: a launcher or sweeper is not installed, or has no such setting.
    """
    _with_app(line, place, lambda app, overrides: app.compose_config(_APP, overrides, run_mode=RunMode.MULTIRUN))


def run_multirun(line: SweepLine, place: HydraPlace, settings: Sequence[str], draw: Draw) -> None:
    """Let the sweeper draw and the launcher launch; returns when all jobs have ended.

    Args:
        line: the command line.
        place: where Hydra reads and writes.
        settings: for the sweeper, before those of the command line.
        draw: does one job; called in this process or, by some launchers, in others.

    Raises:
        InputError: a launcher or sweeper cannot do what is asked of it.
    """
    task = _Task(line.keys, draw)
    _with_app(line, place, lambda app, overrides: app.multirun(_APP, task, [*settings, *overrides]))


def _with_app(line: SweepLine, place: HydraPlace, action: Callable[[Hydra, list[str]], Any]) -> None:
    place.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="app-", dir=place.folder))
    app_config = "".join(f"p{number}: null\n" for number in range(len(line.keys)))
    (folder / f"{_APP}.yaml").write_text(app_config, encoding="utf-8")
    drawn = [f"p{number}={item.partition('=')[2]}" for number, item in enumerate(line.parameters)]
    own = [*_SILENT, f"hydra.sweep.dir={folder}", "hydra.sweep.subdir=${hydra.job.num}"]
    with no_traces():
        try:
            if line.uses_optuna:
                _quiet_optuna()
            path = create_config_search_path(str(folder))
            for source in place.sources:
                if (source.path / "hydra").is_dir():
                    path.prepend(source.provider, str(source.path), anchor="schema")
            app = Hydra.create_main_hydra2(_APP, path)
            action(app, [*own, *line.hydra, *drawn])
        except (HydraException, OmegaConfBaseException, ImportError) as error:
            raise InputError(_refusal(line, error)) from error
        finally:
            GlobalHydra.instance().clear()


def _quiet_optuna() -> None:
    """Keep to warnings what Optuna says on stderr: our table tells the trials. It sets its level when imported."""
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _refusal(line: SweepLine, error: Exception) -> str:
    named = [item.partition("=")[2] for item in line.hydra if item.startswith(("hydra/", "+hydra/"))]
    return f"{' '.join(line.hydra)} (command line): {first_line(error)} {how_to_install(*named)}"
