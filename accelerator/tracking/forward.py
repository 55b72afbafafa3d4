"""The forwarder's process: `python -m accelerator.tracking.forward RUN [--project DIR] [--once]`.

Rank 0 starts it with the run. It lives in a session of its own at low priority, outlives the training process,
and ends by itself. `--once` carries what is there and gives up soon: that is what `sync` calls.
"""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from omegaconf import OmegaConf

from accelerator.components import Registry
from accelerator.config.build import builder_for
from accelerator.config.project import Project, find_project
from accelerator.config.saved import load_saved
from accelerator.errors import EXIT_FAILED, AcceleratorError, RunLockedError
from accelerator.runs.delivery import delivery
from accelerator.runs.files import read_json
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import read_journal
from accelerator.runs.lock import FORWARDER, RunLock, is_held
from accelerator.runs.progress import Tracking
from accelerator.runs.run import Run
from accelerator.tracking.addresses import UNNAMED, address_in_use, configured_address, how_to_name, is_named
from accelerator.tracking.forwarder import Forwarder, Pace
from accelerator.tracking.mlflow_store import shown_uri
from accelerator.tracking.sink import Sink, TrackedRun
from accelerator.tracking.system_sampler import system_sampler

KIND = "tracking"
_NICENESS = 10
"""A tenth of what training gets where the two compete. At 19 (a seventieth) loading MLflow on a busy machine took 40 s,
which is longer than a command waits at its end."""
_LOCK_POLL_S = 0.5
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry the journal of one run; return 0 when all has arrived, else 1."""
    parser = argparse.ArgumentParser(prog="python -m accelerator.tracking.forward", description=__doc__)
    parser.add_argument("run", type=Path, help="the run folder")
    parser.add_argument("--project", type=Path, default=None, help="the project's root")
    parser.add_argument("--once", action="store_true", help="carry what is there, and give up soon")
    parser.add_argument("--unasked", action="store_true", help="at low priority: nobody waits for it")
    parser.add_argument("--named", action="append", default=[], help="an address of a store that the command names")
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    folder = RunFolder(options.run.absolute())
    project = find_project(options.project)
    if options.unasked or not options.once:  # else somebody waits for it
        lower_priority()
    lock = _wait_for_lock(folder)
    if lock is None:
        return 0
    with lock:
        opening = partial(open_sink, folder, project, is_judged=not options.once, named=options.named)
        forwarder = Forwarder(folder, opening, None if options.once else system_sampler(folder))
        signal.signal(signal.SIGTERM, lambda number, frame: _stop(forwarder, frame))
        forwarder.run(Pace(), is_single_try=options.once)
    return 0 if delivery(folder).unsent == 0 and forwarder.tracking.failures == 0 else EXIT_FAILED


def lower_priority() -> None:
    """Let training go first, as far as the system allows."""
    with suppress(OSError):
        os.nice(_NICENESS)
    with suppress(OSError):  # Linux shares out by session first: without this a session of its own gets its full part
        Path("/proc/self/autogroup").write_text(str(_NICENESS), encoding="ascii")


def open_sink(
    folder: RunFolder, project: Project, tracking: Tracking, *, is_judged: bool = False, named: Sequence[str] = ()
) -> tuple[Sink, str, Mapping[str, str]]:
    """Build and open the sink of the run's config; give it, its name and where the run is.

    Where the run's files say that a store is, is judged; with `is_judged` the command that started the run has judged
    its config before. `named` are addresses that a command names.

    Raises:
        AcceleratorError: the config names no sink, one that cannot be built or opened, or a store that only it names.
    """
    project.put_on_path()
    config = Run(folder.path).config
    node = _sink_node(config.get(KIND), folder, project)
    if not is_judged:
        _believe(folder.config, configured_address(config.get(KIND)), folder, project, named)
    named = [*named, configured_address(node) or ""]
    _believe(folder.tracking, address_in_use(tracking.target), folder, project, named)
    sink: Sink = build_sink(node, project, folder.path)
    run = TrackedRun(
        run_id=folder.run_id,
        name=str(config.get("name") or "run"),
        folder=folder.path,
        project_root=project.root,
        start_time=_start_time(folder),
        environment=_environment(folder),
        target=tracking.target,
    )
    return sink, str(node["_target_"]), sink.open(run) or {}


def build_sink(node: Mapping[str, Any], project: Project, run_folder: Path | None = None) -> Any:
    """Build a `tracking` node. Trusted are components and the project's own code; a run's config is not asked."""
    return builder_for(Registry.discover(project.root), (), project.root, run_folder).build(node, KIND, KIND)


def _believe(file: Path, address: str | None, folder: RunFolder, project: Project, named: Sequence[str]) -> None:
    """Let pass the address of a store that a file of the run names, when somebody else names it too."""
    if address is not None and not is_named(address, project, folder.path, named):
        raise AcceleratorError(f"{file}: {shown_uri(address)} {UNNAMED}. {how_to_name(address)}.")


def _sink_node(node: Any, folder: RunFolder, project: Project) -> dict[str, Any]:
    if node is None:
        raise AcceleratorError(f"{folder.config}: tracking is null, so there is no sink to carry the journal to.")
    plain = node
    if "${" in str(node):  # an environment variable: `load_saved` judges whether this config may read it
        plain = OmegaConf.to_container(load_saved(folder.path, project=project)[KIND], resolve=True)
    if not isinstance(plain, dict) or "_target_" not in plain:
        raise AcceleratorError(
            f"{folder.config}: tracking = {plain!r} names no component. Write `_target_: mlflow`, or tracking=none."
        )
    return {str(key): value for key, value in plain.items()}


def _environment(folder: RunFolder) -> dict[str, Any]:
    """Return what `environment.json` holds; nothing where its maker wrote no mapping."""
    found = read_json(folder.environment) if folder.environment.exists() else {}
    return found if isinstance(found, dict) else {}


def _start_time(folder: RunFolder) -> float:
    for record in read_journal(folder.journal):
        if isinstance(record.get("time"), int | float):
            return float(record["time"])
    return time.time()


def _wait_for_lock(folder: RunFolder) -> RunLock | None:
    """Take the forwarder's lock; when another forwarder has it, wait for its end. None: it has done all."""
    while True:
        try:
            return RunLock.acquire(folder.forwarder_lock, role=FORWARDER, patience_s=0.0)
        except RunLockedError:
            if delivery(folder).is_complete and not is_held(folder.lock):
                return None
            time.sleep(_LOCK_POLL_S)


def _stop(forwarder: Forwarder, frame: FrameType | None) -> None:
    forwarder.stop()


def _close_inherited_files() -> None:
    """Let go of files that a C library of the starting process left open to its children: pipes above all."""
    os.closerange(3, 1024)


if __name__ == "__main__":
    _close_inherited_files()
    code = main()
    logging.shutdown()
    os._exit(code)  # nothing is left to do, and unloading MLflow takes half a second of a core
