"""A checkpoint on the disk: a folder that is complete or absent.

    checkpoints/step-00001200/model.safetensors   the model's tensors
                              state.pt            all else (loads with weights_only=True)
                              manifest.json       step, sizes and hashes of the files, tied tensors
                              manifest.sha256     the hash of manifest.json

It is written beside its place, flushed, and renamed. `read_checkpoint` believes nothing that the manifest does not
vouch for.
"""

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from accelerator.errors import CheckpointError, first_line
from accelerator.runs.checkpoints import PARTIAL, REPLACED, checkpoint_name
from accelerator.runs.files import storage_error, sync_folder
from accelerator.runtime.checkpoint.manifest import parse_manifest
from accelerator.runtime.checkpoint.tensors_file import save_tensors

FORMAT_VERSION = 1
MODEL, STATE, MANIFEST, MANIFEST_HASH = "model.safetensors", "state.pt", "manifest.json", "manifest.sha256"


@dataclass(frozen=True)
class Snapshot:
    """What is to be written: tensors on the CPU that nobody changes any more."""

    step: int
    model: Mapping[str, Tensor]
    state: Mapping[str, Any]
    monitor: Mapping[str, Any] | None
    """`{metric, value}` at this step: what ranks this checkpoint among the others."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the data told the model when it was built: with the config it is all that building it again needs."""

    @property
    def name(self) -> str:
        return checkpoint_name(self.step)


@dataclass(frozen=True)
class Checkpoint:
    """What was read."""

    path: Path
    step: int
    model: dict[str, Tensor]
    state: dict[str, Any]


def write_checkpoint(folder: Path, snapshot: Snapshot) -> Path:
    """Write a snapshot into `folder` (the run's `checkpoints/`) and return its path.

    Raises:
        StorageError: the disk is full or refuses; nothing half-written stays.
    """
    final = folder / snapshot.name
    partial = folder / f"{snapshot.name}{PARTIAL}"
    replaced = folder / f"{snapshot.name}{REPLACED}"
    try:
        _write_into(partial, snapshot)
        if final.exists():  # of the same step: put aside in one move, so that no half-removed one can be met
            _discard(replaced)
            final.rename(replaced)
        partial.rename(final)
        sync_folder(folder)
        _discard(replaced)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise storage_error(final, error) from error
    return final


def copy_checkpoint(source: Path, folder: Path) -> Path:
    """Copy a checkpoint into another run's `checkpoints/` and return its path there.

    Raises:
        StorageError: the disk refuses; nothing half-written stays.
    """
    final, partial = folder / source.name, folder / f"{source.name}{PARTIAL}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        for name in (*read_manifest(source)["files"], MANIFEST, MANIFEST_HASH):  # whatever else lies there, or links
            shutil.copyfile(source / name, partial / name, follow_symlinks=False)
        for path in partial.iterdir():
            _flush(path)
        sync_folder(partial)
        partial.rename(final)
        sync_folder(folder)
    except OSError as error:  # shutil.Error, which tells of files, is one too
        shutil.rmtree(partial, ignore_errors=True)
        raise storage_error(final, error) from error
    return final


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a checkpoint.

    Raises:
        CheckpointError: it is missing or damaged, or of a later format.
    """
    try:
        text = (path / MANIFEST).read_bytes()
        stated = (path / MANIFEST_HASH).read_text().strip()
    except OSError as error:
        raise CheckpointError(f"{path}: {MANIFEST} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(text).hexdigest() != stated:
        raise CheckpointError(f"{path}: {MANIFEST} is damaged: it does not have the hash in {MANIFEST_HASH}.")
    manifest = parse_manifest(text, {MODEL, STATE})
    if manifest is None:
        raise CheckpointError(f"{path}: {MANIFEST} is no manifest of a checkpoint.")
    if manifest["format_version"] > FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: written in format {manifest['format_version']}, and this version reads up to {FORMAT_VERSION}. "
            f"Install the accelerator-framework that wrote it (environment.json names it)."
        )
    return manifest


def verify_checkpoint(path: Path) -> dict[str, Any]:
    """Check every file of a checkpoint against its manifest, and return the manifest.

    Raises:
        CheckpointError: names the file that is missing or damaged.
    """
    manifest = read_manifest(path)
    for name, stated in manifest["files"].items():
        file = path / name
        if not file.is_file():
            raise CheckpointError(f"{file} is missing.")
        if file.stat().st_size != stated["size"] or _describe(file)["sha256"] != stated["sha256"]:
            raise CheckpointError(f"{file} is damaged: it does not have the size and hash that {MANIFEST} states.")
    return manifest


def read_model(path: Path) -> dict[str, Tensor]:
    """Return the model's tensors of a checkpoint, on the CPU, tied ones under each of their names.

    Raises:
        CheckpointError: a file is missing or damaged.
    """
    manifest = verify_checkpoint(path)
    try:
        tensors: dict[str, Tensor] = load_file(path / MODEL)
        return tensors | {alias: tensors[name] for alias, name in manifest["aliases"].items()}
    except (SafetensorError, KeyError) as error:
        raise CheckpointError(f"{path / MODEL} does not hold the tensors of a model: {error}") from error


def read_checkpoint(path: Path) -> Checkpoint:
    """Return a whole checkpoint, after every file was checked.

    Raises:
        CheckpointError: a file is missing or damaged.
    """
    model = read_model(path)
    try:
        state: dict[str, Any] = torch.load(path / STATE, map_location="cpu", weights_only=True)
        return Checkpoint(path, int(state["counters"]["step"]), model, state)
    except (pickle.UnpicklingError, RuntimeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path / STATE} is not the state of a run: {first_line(error)}") from error


def _write_into(partial: Path, snapshot: Snapshot) -> None:
    _discard(partial)
    partial.mkdir(parents=True)
    tensors, aliases = without_ties(snapshot.model)
    save_tensors(tensors, partial / MODEL)
    _save_state(dict(snapshot.state), partial / STATE)
    for name in (MODEL, STATE):
        _flush(partial / name)
    manifest = {
        "format_version": FORMAT_VERSION,
        "step": snapshot.step,
        "files": {name: _describe(partial / name) for name in (MODEL, STATE)},
        "aliases": aliases,
        "monitor": snapshot.monitor,
        "facts": dict(snapshot.facts),
    }
    text = json.dumps(manifest, indent=2) + "\n"
    _write_flushed(partial / MANIFEST, text)
    _write_flushed(partial / MANIFEST_HASH, hashlib.sha256(text.encode()).hexdigest() + "\n")
    sync_folder(partial)


def without_ties(model: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Split tensors into those to write and, for tied ones, alias -> name: safetensors refuses shared memory."""
    first: dict[tuple[Any, ...], str] = {}
    tensors: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    for name, tensor in model.items():
        key = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype) if tensor.numel() else (name,)
        if key in first:
            aliases[name] = first[key]
        else:
            first[key] = name
            tensors[name] = tensor
    return tensors, aliases


def _save_state(state: dict[str, Any], path: Path) -> None:
    try:
        with path.open("wb") as file:
            torch.save(state, file)
    except RuntimeError as error:  # of torch's writer, in the place of the operating system's error that it met
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise cause from error


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _write_flushed(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    _flush(path)


def _discard(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
