"""The parts of a run, built from a composed config."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, final

import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from torch.optim import Optimizer

from accelerator.components import Registry
from accelerator.config.build import Builder, builder_for
from accelerator.config.check import check_config
from accelerator.config.compose import composition_of
from accelerator.config.project import Project, find_project
from accelerator.config.provenance import Provenance
from accelerator.config.read import read_entries, read_section
from accelerator.config.schema import (
    CheckpointConfig,
    LoaderConfig,
    LossEntry,
    MetricEntry,
    OptimizerEntry,
    PathsConfig,
    SchedulerEntry,
    TrainConfig,
)
from accelerator.errors import ConfigError, Problem
from accelerator.runtime.checkpoint.weights import read_weights
from accelerator.runtime.data.splits import DataSplits, as_data_splits
from accelerator.runtime.engine.engine import Engine
from accelerator.runtime.events import Callback
from accelerator.runtime.losses import LossTerm
from accelerator.runtime.metrics import MetricTerm
from accelerator.runtime.optimization import (
    NamedParameter,
    Optimization,
    Schedule,
    group_parameters,
    trainable_parameters,
)
from accelerator.runtime.parts import Transforms
from accelerator.runtime.settings import Settings
from accelerator.runtime.task import Task

_OWN_IMPLEMENTATION = ("fused", "foreach", "capturable", "differentiable")


@final
class ConfigParts:
    """Builds each part from its node, when it is asked for.

    Attributes:
        config: the composed config, its own copy.
        settings: the plain values of the config.
    """

    def __init__(self, config: DictConfig, components: Iterable[Any] = ()) -> None:
        composition = composition_of(config)
        project = composition.project if composition else find_project()
        registry = composition.registry if composition else Registry.discover(project.root)
        registry = registry.with_marked(components)
        problems = check_config(config, registry)
        if problems:
            raise ConfigError(problems)
        self.config: DictConfig = copy.deepcopy(config)
        self._provenance = composition.provenance if composition else Provenance({})
        _make_absolute(self.config, project)
        self.settings = _settings(self.config, project, self._provenance)
        self._builder = _builder(registry, self.config, project, self._provenance)
        self._notes: list[str] = []
        project.put_on_path()

    def engine(self) -> Engine:
        engine: Engine = self._component("engine", Engine)
        return engine

    def data(self) -> DataSplits:
        data = as_data_splits(self._build("data", "data"))
        given = {kind: self._build(kind, kind) for kind in ("collate", "sampler") if self.config.get(kind) is not None}
        return data if not given else DataSplits(**{**vars(data), **given})

    def transforms(self) -> Transforms:
        return self._transforms("transform")

    def sample_transforms(self) -> Transforms:
        return self._transforms("sample_transform")

    def task(self) -> Task:
        task: Task = self._component("task", Task)
        return task

    def losses(self) -> Mapping[str, LossTerm]:
        entries = read_entries(LossEntry, self.config.loss, "loss", self._provenance)
        return {
            name: LossTerm(
                self._builder.build(entry.loss, "loss", f"loss.{name}.loss"),
                entry.weight,
                entry.inputs,
                (
                    None
                    if entry.transform is None
                    else self._builder.build(entry.transform, "transform", f"loss.{name}.transform")
                ),
            )
            for name, entry in entries.items()
        }

    def metrics(self) -> Mapping[str, MetricTerm]:
        entries = read_entries(MetricEntry, self.config.metric, "metric", self._provenance)
        return {
            name: MetricTerm(
                self._builder.build(entry.metric, "metric", f"metric.{name}.metric"), entry.inputs, entry.on
            )
            for name, entry in entries.items()
        }

    def model(self, facts: Mapping[str, Any]) -> torch.nn.Module:
        model: torch.nn.Module = self._component("model", torch.nn.Module, given=facts)
        return model

    def weights(self) -> Mapping[str, torch.Tensor] | None:
        source = self.config.get("weights")
        return None if source is None else read_weights(str(source), self.settings.output)

    def optimization(self, model: torch.nn.Module, total_steps: int | None) -> Optimization:
        with open_dict(self.config):
            self.config.train.total_steps = total_steps
        parameters = trainable_parameters(model)
        optimizers = {
            name: self._optimizer(node, key, chosen)
            for name, (node, key, chosen) in self._optimizer_nodes(parameters).items()
        }
        schedules = {name: self._schedule(item) for name, item in optimizers.items()} if self.config.scheduler else {}
        return Optimization(optimizers, schedules, tuple(self._notes))

    def callbacks(self) -> Mapping[str, Callback]:
        nodes = {name: node for name, node in self.config.callback.items() if node is not None}
        return {str(name): self._builder.build(node, "callback", f"callback.{name}") for name, node in nodes.items()}

    def notes(self) -> Sequence[str]:
        return self._notes

    def _build(self, key: str, kind: str, *, given: Mapping[str, Any] | None = None) -> Any:
        return self._builder.build(self.config[key], kind, key, given=given)

    def _component(self, key: str, base: type[Any], *, given: Mapping[str, Any] | None = None) -> Any:
        built = self._build(key, key, given=given)
        if not isinstance(built, base):
            node = self.config[key]
            name = node._target_ if isinstance(node, DictConfig) else node
            raise ConfigError(
                Problem(
                    key,
                    f"{name} gives a {type(built).__name__}, and a {base.__name__} is needed",
                    f"Name a {key} there.",
                    self._provenance.place_of(key),
                )
            )
        return built

    def _transforms(self, key: str) -> Transforms:
        return Transforms(*({**self._named(f"{key}.{split}", key)} for split in ("train", "evaluation")))

    def _named(self, key: str, kind: str) -> dict[str, Callable[..., Any]]:
        nodes = OmegaConf.select(self.config, key) or {}
        return {
            str(name): self._builder.build(node, kind, f"{key}.{name}")
            for name, node in nodes.items()
            if node is not None
        }

    def _optimizer_nodes(
        self, parameters: Sequence[NamedParameter]
    ) -> dict[str, tuple[DictConfig, str, list[NamedParameter]]]:
        node = self.config.optimizer
        if node is None:
            return {}
        if "_target_" in node:
            return {"optimizer": (node, "optimizer", list(parameters))}
        entries = read_entries(OptimizerEntry, node, "optimizer", self._provenance)
        found = {}
        for name, entry in entries.items():
            chosen = [item for item in parameters if not entry.parameters or item.matches([entry.parameters])]
            if not chosen:
                known = ", ".join(item.name for item in parameters[:8])
                raise ConfigError(
                    Problem(
                        f"optimizer.{name}.parameters",
                        f"'{entry.parameters}' matches no parameter of the model ({known}, …)",
                        "Correct the pattern: it is searched for in parameter names.",
                        self._provenance.place_of(f"optimizer.{name}.parameters"),
                    )
                )
            found[name] = (node[name].optimizer, f"optimizer.{name}.optimizer", chosen)
        self._check_owners(parameters, {name: chosen for name, (_, _, chosen) in found.items()})
        return found

    def _check_owners(self, parameters: Sequence[NamedParameter], chosen: Mapping[str, list[NamedParameter]]) -> None:
        """Refuse a parameter that two optimizers step, and note those that none does."""
        owners = {item.name: [name for name, items in chosen.items() if item in items] for item in parameters}
        for parameter, names in owners.items():
            if len(names) > 1:
                raise ConfigError(
                    Problem(
                        f"optimizer.{names[1]}.parameters",
                        f"{parameter} belongs to the optimizer {names[0]} already",
                        "Give each parameter one optimizer: narrow one of the patterns.",
                        self._provenance.source_of(f"optimizer.{names[1]}.parameters"),
                    )
                )
        left = [parameter for parameter, names in owners.items() if not names]
        if left:
            self._notes.append(f"no optimizer steps {', '.join(left[:8])}{' …' * (len(left) > 8)}")

    def _optimizer(self, node: DictConfig, key: str, parameters: Sequence[NamedParameter]) -> Optimizer:
        rules = OmegaConf.to_container(self.config.parameter_groups, resolve=True)
        groups, notes = group_parameters(parameters, rules)  # type: ignore[arg-type]
        self._notes += notes
        given = {} if any(node.get(name) is not None for name in _OWN_IMPLEMENTATION) else {"fused": True}
        optimizer: Optimizer = self._builder.build(node, "optimizer", key, groups, given=given)
        if optimizer.defaults.get("fused"):
            self._notes.append(f"fused {type(optimizer).__name__}")
        return optimizer

    def _schedule(self, optimizer: Optimizer) -> Schedule:
        node = self.config.scheduler
        given = {"optimizer": optimizer}
        if "_target_" in node:
            return Schedule(self._builder.build(node, "scheduler", "scheduler", given=given))
        entry = read_section(SchedulerEntry, node, "scheduler", self._provenance)
        return Schedule(
            self._builder.build(entry.scheduler, "scheduler", "scheduler.scheduler", given=given),
            entry.interval,
            entry.monitor,
        )


def _make_absolute(config: DictConfig, project: Project) -> None:
    """Let relative paths start at the project root, whatever the working folder is.

    The output root stays as it is written: a saved config must not send what comes of a run to where it once was made.
    """
    for name, path in config.paths.items():
        if name != "output":
            config.paths[name] = str(project.absolute(str(path)))


def _settings(config: DictConfig, project: Project, provenance: Provenance) -> Settings:
    paths = read_section(PathsConfig, config.paths, "paths", provenance)
    return Settings(
        project=project,
        output=project.absolute(paths.output),
        name=config.name,
        seed=config.seed,
        tags=OmegaConf.to_container(config.tags, resolve=True) or {},  # type: ignore[arg-type]
        train=read_section(TrainConfig, config.train, "train", provenance),
        loader=read_section(LoaderConfig, config.loader, "loader", provenance),
        checkpoint=read_section(CheckpointConfig, config.checkpoint, "checkpoint", provenance),
        is_tracked=config.tracking is not None,
    )


def _builder(registry: Registry, config: DictConfig, project: Project, provenance: Provenance) -> Builder:
    composition = composition_of(config)
    run_folder = composition.run_folder if composition else None
    builder = builder_for(registry, tuple(config.trust), project.root, run_folder)
    return Builder(builder.registry, builder.trust, provenance.place_of)
