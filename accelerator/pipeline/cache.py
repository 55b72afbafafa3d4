"""The record of what is done, shared by all pipelines of an output root: `<paths.output>/pipelines/.cache/`.

| path | holds |
|---|---|
| `steps/<fingerprint>.json` | what a step gave that was fingerprinted so, and where it lies |
| `begun/<fingerprint>.json` | where such a step was begun that has not come to its end |
| `last/<pipeline>/<step>.json` | the fingerprint that a step had when it was last done: to say what has changed |
| `locks/<fingerprint>.lock` | held while such a step runs, by whichever pipeline |
| `hashes.json` · `key` | hashes of files; the key of hashes of environment variables |

Paths below the output root are written from there, so that a project can be moved, or copied, with what it has done.
Each file is written whole. One that is damaged or of another version is said to be so, and not used: its step runs
again. Nothing that a step gave lies here.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from accelerator.errors import StorageError, UsageError
from accelerator.pipeline.content_hash import ContentHashes
from accelerator.pipeline.fingerprint import Fingerprint
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.state import outputs_from_json
from accelerator.pipeline.typed_fields import made_of
from accelerator.runs.files import make_folder, read_json, storage_error, write_json, write_new

FORMAT_VERSION = 1
PIPELINES, CACHE = "pipelines", ".cache"
_KEY_BYTES = 32
_POLL_S = 0.1


@dataclass(frozen=True)
class StepRecord:
    """One step that is done."""

    fingerprint: Fingerprint
    pipeline: str
    step: str
    pipeline_folder: str
    run_folder: str | None
    outputs: Mapping[str, Output] = field(default_factory=dict)
    seconds: float = 0.0
    finished: str = ""


class StepCache:
    """Reads and writes the records below one output root.

    | attribute | type | holds |
    |---|---|---|
    | path | Path | the cache's folder |
    | hashes | ContentHashes | hashes of files, kept here too |
    | notes | list[str] | sentences about what could not be used |
    """

    def __init__(self, output: Path) -> None:
        self.path = output / PIPELINES / CACHE
        self._output = output
        self.hashes = ContentHashes(self.path / "hashes.json")
        self.notes: list[str] = []

    def find(self, fingerprint: str) -> StepRecord | None:
        """Return the record of a step with this fingerprint; None when there is none that can be used."""
        content = self._read(self._record(fingerprint))
        if content is None:
            return None
        try:
            parts = Fingerprint.from_json(content["fingerprint"])
            outputs = outputs_from_json(content["outputs"])
            record = made_of(StepRecord, {**content, "fingerprint": parts, "outputs": outputs})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self._pass_over(self._record(fingerprint), f"is no record of a step ({type(error).__name__}: {error})")
            return None
        if parts.hash != fingerprint:
            self._pass_over(self._record(fingerprint), "holds another fingerprint than its name says")
            return None
        return _with_paths(record, self._found)

    def what_is_gone(self, record: StepRecord) -> str:
        """Return which output of a record is no longer as it was, in words; "" when all are."""
        for name, output in record.outputs.items():
            path = output.path
            if path is None:
                continue
            if not path.exists():
                return f"its output {name} is gone: {path}"
            try:
                now = self.hashes.of_output(output, record.fingerprint.hash), self.hashes.of_checkpoints(output)
            except StorageError as error:
                return f"its output {name} cannot be read: {error}"
            if now != (output.hash, output.checkpoints_hash):
                return f"its output {name} was changed: {path}"
        return ""

    def store(self, record: StepRecord) -> None:
        """Note that a step is done.

        Raises:
            StorageError: the disk refuses.
        """
        fingerprint = record.fingerprint.hash
        self._write(self._record(fingerprint), asdict(_with_paths(record, self._written)))
        self._write(self._last(record.pipeline, record.step), {"fingerprint": fingerprint})
        self.abandon(fingerprint)

    def note_last(self, record: StepRecord, pipeline: str, step: str) -> None:
        """Note that a step of a pipeline was skipped for a record: later changes are told from there."""
        content = {"fingerprint": record.fingerprint.hash}
        if self._read(self._last(pipeline, step)) != content:
            self._write(self._last(pipeline, step), content)

    def last(self, pipeline: str, step: str) -> StepRecord | None:
        """Return the record that a step of a pipeline was last done with."""
        fingerprint = self._last_fingerprint(pipeline, step)
        return None if fingerprint is None else self.find(fingerprint)

    def was_done(self, pipeline: str, step: str) -> bool:
        """Tell whether a step of a pipeline was ever done, also when its record is lost."""
        return self._last_fingerprint(pipeline, step) is not None

    def _last_fingerprint(self, pipeline: str, step: str) -> str | None:
        content = self._read(self._last(pipeline, step))
        fingerprint = content.get("fingerprint") if content is not None else None
        return fingerprint if isinstance(fingerprint, str) and fingerprint.isalnum() else None

    def begin(self, fingerprint: str, folder: Path) -> None:
        """Note where a step is begun. Only for the holder of its lock."""
        self._write(self._begun(fingerprint), {"folder": self._written(str(folder))})

    def abandon(self, fingerprint: str) -> None:
        """Note that what was begun is not to be gone on with. Only for the holder of its lock."""
        self._begun(fingerprint).unlink(missing_ok=True)

    def begun(self, fingerprint: str) -> Path | None:
        """Return the folder of a step that was begun and has not come to its end; None when there is none."""
        content = self._read(self._begun(fingerprint))
        written = content.get("folder") if content is not None else None
        folder = Path(self._found(written)) if isinstance(written, str) else None
        return folder if folder is not None and (folder / "step.json").is_file() else None

    def lock(self, fingerprint: str) -> "StepLock":
        """Return the lock of a step, not yet taken."""
        return StepLock(self.path / "locks" / f"{fingerprint}.lock")

    def key(self) -> bytes:
        """Return the key for hashes of what shall not be written; made at the first use."""
        path = self.path / "key"
        if not path.exists():
            make_folder(path.parent)
            with suppress(UsageError):  # another pipeline has made it at this moment
                write_new(path, secrets.token_bytes(_KEY_BYTES), mode=0o600)
        try:
            key = path.read_bytes()
        except OSError as error:
            raise storage_error(path, error, doing="read") from error
        if len(key) != _KEY_BYTES:
            raise StorageError(f"{path} is damaged: it holds no key. Remove it; steps with secrets run again then.")
        return key

    def _written(self, path: str) -> str:
        """Return a path as a record has it: what lies below the output root from there."""
        return str(Path(path).relative_to(self._output)) if Path(path).is_relative_to(self._output) else path

    def _found(self, path: str) -> str:
        return str(self._output / path)

    def _record(self, fingerprint: str) -> Path:
        return self.path / "steps" / f"{fingerprint}.json"

    def _begun(self, fingerprint: str) -> Path:
        return self.path / "begun" / f"{fingerprint}.json"

    def _last(self, pipeline: str, step: str) -> Path:
        return self.path / "last" / pipeline / f"{step}.json"

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        make_folder(path.parent)
        write_json(path, {"format_version": FORMAT_VERSION, **content})

    def _read(self, path: Path) -> dict[str, Any] | None:
        """Return what a file of the cache holds; None when there is none, or none that can be used."""
        if not path.is_file():
            return None
        try:
            content = read_json(path)
        except StorageError:
            self._pass_over(path, "is damaged")
            return None
        version = content.pop("format_version", None) if isinstance(content, dict) else None
        if version != FORMAT_VERSION:
            self._pass_over(path, f"is of version {version!r}, and this accelerator writes version {FORMAT_VERSION}")
            return None
        return dict(content)

    def _pass_over(self, path: Path, why: str) -> None:
        note = f"{path} {why}: it is not used, and its step runs again. To remove it: accelerator pipeline clean"
        if note not in self.notes:
            self.notes.append(note)


def _with_paths(record: StepRecord, change: Callable[[str], str]) -> StepRecord:
    outputs = {
        name: output if output.path is None else replace(output, value=change(output.value))
        for name, output in record.outputs.items()
    }
    run_folder = None if record.run_folder is None else change(record.run_folder)
    return replace(record, pipeline_folder=change(record.pipeline_folder), run_folder=run_folder, outputs=outputs)


class StepLock:
    """The lock of one step, of all pipelines: `flock`, which the end of its holders gives back, however they ended.

    The process of the step holds it too: when the pipeline is killed and its step runs on, the next one waits for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file, to be handed on to the step's process."""
        assert self._descriptor is not None
        return self._descriptor

    def acquire(self, is_stopped: Callable[[], bool], on_wait: Callable[[], None]) -> bool:
        """Wait for the lock; `on_wait` is called once when somebody holds it. False: it was stopped meanwhile."""
        has_waited = False
        while not is_stopped():
            if self._try():
                return True
            if not has_waited:
                has_waited = True
                on_wait()
            time.sleep(_POLL_S)
        return False

    def release(self) -> None:
        """Give it back, as far as this process holds it."""
        if self._descriptor is not None:
            os.close(self._descriptor)  # not unlocked: the step's process may still hold it
            self._descriptor = None

    def _try(self) -> bool:
        make_folder(self._path.parent)
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise storage_error(self._path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == os.stat(self._path).st_ino:
                self._descriptor = descriptor
                return True
        except (BlockingIOError, FileNotFoundError):  # held; or `clean` has just removed the file
            pass
        os.close(descriptor)
        return False
