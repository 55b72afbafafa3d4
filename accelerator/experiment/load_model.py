"""A trained model for use: built from its node of the run's config alone, with the weights of a checkpoint."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from accelerator.components import Registry
from accelerator.config.build import Builder, builder_for
from accelerator.config.compose import composition_of
from accelerator.config.project import Project, find_project
from accelerator.errors import ConfigError, Problem
from accelerator.experiment.named_run import named_run, trained_run
from accelerator.experiment.sound_config import config_of_run, exported_config
from accelerator.runtime.checkpoint.files import MANIFEST, read_manifest, read_model
from accelerator.runtime.checkpoint.keeper import resolve_alias
from accelerator.runtime.checkpoint.weights import load_weights
from accelerator.runtime.export.safetensors_file import SUFFIX, read_safetensors


def load_model(
    run: Path | str,
    checkpoint: Literal["last", "best"] | None = None,
    components: Iterable[Any] = (),
    *,
    project: Path | str | None = None,
) -> torch.nn.Module:
    """Return the model of a run in evaluation mode, on the CPU.

    Nothing else of the run is built: no data, no optimizer, no loop. What the model's config may name is judged by the
    present project's `trust`. Global random generators are left as they were.

    Args:
        run: a RUN, the folder of one of its checkpoints, or a `.safetensors` file that `export` wrote.
        checkpoint: which of the run's; None: what its `checkpoint.use` says.
        components: objects marked with `@component`, for names of this session.
        project: the project's root; by default that of the working folder.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: the run has no checkpoint, or its model cannot be built.
        CheckpointError: the checkpoint, or the file, is damaged.
    """
    root = find_project() if project is None else Project(Path(project).expanduser().resolve())
    registry = Registry.discover(root.root).with_marked(components)
    given = Path(run).expanduser()
    if given.is_file() and given.suffix == SUFFIX:
        header, tensors = read_safetensors(given)
        return _loaded(exported_config(header.config, given, root, registry), root, registry, header.facts, tensors)
    is_checkpoint = (given / MANIFEST).is_file()
    found = named_run(str(given.absolute().parents[1]), root) if is_checkpoint else trained_run(str(run), root)
    config = config_of_run(found, (), root, registry)
    path = given if is_checkpoint else resolve_alias(found.folder.checkpoints, checkpoint or config.checkpoint.use)
    return _loaded(config, root, registry, read_manifest(path).get("facts", {}), read_model(path))


def _loaded(
    config: Any, project: Project, registry: Registry, facts: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]
) -> torch.nn.Module:
    project.put_on_path()
    with torch.random.fork_rng(devices=[]):
        model = _build_model(config, project, registry, facts)
    load_weights(model, tensors, key="model")
    return model.eval()


def _build_model(config: Any, project: Project, registry: Registry, facts: Mapping[str, Any]) -> torch.nn.Module:
    composition = composition_of(config)
    assert composition is not None
    source_of = composition.provenance.source_of
    trust = builder_for(registry, tuple(config.trust), project.root, composition.run_folder).trust
    model = Builder(registry, trust, source_of).build(config.model, "model", "model", given=facts)
    if not isinstance(model, torch.nn.Module):
        what = f"{config.model['_target_']} gives a {type(model).__name__}, and a torch.nn.Module is needed"
        raise ConfigError(Problem("model", what, "Name a model there.", source_of("model")))
    return model
