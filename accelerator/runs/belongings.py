"""Which files of a run folder are its own: what somebody else has put there is never removed with it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from accelerator.errors import StorageError
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import ARTIFACT, read_segment, segment_paths

_OF_A_CHECKPOINT = r"(model\.safetensors|state\.pt|manifest\.json|manifest\.sha256|shards/[^/]+)"
_OWN = re.compile(
    rf"""journal/(rank|system)-\d+(\.\d+)?\.jsonl
    |checkpoints/(last|best|step-\d+(\.partial|\.replaced)?/{_OF_A_CHECKPOINT})
    |(.+/)?\.[^/]+\.\d+\.part
    |analysis/(model|data)\.(json|html)
    |model/(example\.safetensors|signature\.json)
    |tensorboard/events\.out\.tfevents\.[^/]+
    |report\.html""",
    re.VERBOSE,
)


def strangers(folder: RunFolder) -> list[str]:
    """Return the files and links in a run folder, by their paths in it, that its run did not write."""
    own = _written(folder)
    found = sorted(_files(folder.path, ""))
    return [name for name in found if name not in own and not _is_own(folder.path, name)]


def strangers_in_checkpoint(path: Path) -> list[str]:
    """Return the files and links in a checkpoint's folder that no checkpoint has."""
    return sorted(name for name in _files(path, "") if not re.fullmatch(_OF_A_CHECKPOINT, name))


def _written(folder: RunFolder) -> set[str]:
    fixed = (folder.config, folder.overrides, folder.provenance, folder.environment, folder.git_diff, folder.lock)
    others = (folder.log, folder.summary, folder.tracking, folder.forwarder_lock, folder.forwarder_log)
    names = {path.name for path in (*fixed, *others)}
    try:
        for path in segment_paths(folder.journal):
            names |= {str(item.get("path")) for item in read_segment(path) if item.get("kind") == ARTIFACT}
    except StorageError:  # what cannot be read vouches for nothing
        return names
    return names


def _is_own(root: Path, name: str) -> bool:
    return _OWN.fullmatch(name) is not None and not (root / name).is_symlink()


def _files(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                yield f"{prefix}{entry.name}"
