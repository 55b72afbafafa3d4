"""Generated files: each carries a seal, so that one that a user changed by hand is known and never lost.

The seal is `sha256:` and 16 digits near the head of the file, made from the whole text with zeros in their place.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from accelerator.config.project import CONFIGS, Project
from accelerator.errors import InputError, StorageError
from accelerator.runs.files import write_text
from accelerator.scaffold.beside import backup_of, shown_from

OPEN_SEAL = "sha256:0000000000000000"
"""What a text holds where its seal shall stand."""
_SEAL = re.compile(r"sha256:[0-9a-f]{16}")

State = Literal["current", "missing", "stale", "changed by hand"]


@dataclass(frozen=True)
class GeneratedFile:
    """A file and the text that it should have; `text` is None for one of ours that should not be there any more."""

    path: Path
    text: str | None

    @property
    def state(self) -> State:
        """What the file is at present, compared with what it should be."""
        if not os.path.lexists(self.path):
            return "current" if self.text is None else "missing"
        if not self.path.is_file():  # a folder, or a link that leads nowhere
            return "changed by hand"
        present = self.path.read_text(encoding="utf-8", errors="replace")
        if self.text is not None and present == sealed(self.text):
            return "current"
        return "stale" if has_sound_seal(present) else "changed by hand"


def sealed(text: str) -> str:
    """Return a text that holds `OPEN_SEAL` with the seal in its place."""
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return text.replace(OPEN_SEAL, f"sha256:{digest[:16]}", 1)


def has_sound_seal(text: str) -> bool:
    """Tell whether a text is just as we wrote it once."""
    found = _SEAL.search(text)
    return found is not None and sealed(text.replace(found[0], OPEN_SEAL, 1)) == text


def has_seal(path: Path) -> bool:
    """Tell whether a file has a seal, sound or broken: one of ours, or what was made of one."""
    return _SEAL.search(path.read_text(encoding="utf-8", errors="replace")) is not None


def bring_up_to_date(files: Sequence[GeneratedFile], root: Path, command: str, *, force: bool) -> list[str]:
    """Bring generated files up to date, and return a line for each that was not; paths are shown from `root`.

    Raises:
        InputError: one of them was changed by hand, or is none of ours (and not `force`): nothing is written then.
            With `force` it is kept beside its place, as `FILE.bak-<time>`. Or a file cannot be written.
    """
    states = {item.path: item.state for item in files}
    by_hand = [shown_from(root, path) for path, state in states.items() if state == "changed by hand"]
    if by_hand and not force:
        raise InputError(
            f"{command}: {', '.join(by_hand)} {'was' if len(by_hand) == 1 else 'were'} changed by hand, and would be "
            f"written anew. Move what you added to a file of your own, or add --force, which keeps a copy of what is "
            f"there (FILE.bak-<time>)."
        )
    return [_written(item, states[item.path], root, command) for item in files if states[item.path] != "current"]


def stale_lines(files: Sequence[GeneratedFile], root: Path) -> list[str]:
    """Return a line for each file that is not what it should be."""
    return [f"{shown_from(root, item.path)}: {item.state}" for item in files if item.state != "current"]


def refuse_without_configs(project: Project, command: str) -> None:
    """Refuse to write into a folder that has no configs: it is hardly the project that was meant.

    Raises:
        InputError: says what to do.
    """
    if not project.configs.is_dir():
        raise InputError(
            f"{command}: there is no {CONFIGS}/ in {project.root}. Go into your project, name it with --project DIR, "
            f"or start one with accelerator configure init."
        )


def _written(item: GeneratedFile, state: State, root: Path, command: str) -> str:
    try:
        note = f", what was there is now {shown_from(root, _keep(item.path))}" if state == "changed by hand" else ""
        if item.text is None:
            item.path.unlink(missing_ok=True)
            return f"{shown_from(root, item.path)} removed{note}"
        item.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(item.path, sealed(item.text))
    except (OSError, StorageError) as error:
        cause = error.__cause__ if isinstance(error, StorageError) else error
        reason = cause.strerror if isinstance(cause, OSError) else str(error)
        raise InputError(
            f"{command}: {shown_from(root, item.path)} could not be written ({reason}). "
            f"Make its folder writable, or free some space, and repeat the command."
        ) from error
    return f"{shown_from(root, item.path)} written{note}"


def _keep(path: Path) -> Path:
    """Keep what stands at `path` beside it; a file stays where it is until the new one takes its place."""
    backup = backup_of(path)
    if path.is_file() and not path.is_symlink():
        shutil.copy2(path, backup)
    else:
        path.rename(backup)
    return backup
