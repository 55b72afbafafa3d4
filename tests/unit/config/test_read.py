"""Sections become frozen dataclasses; whatever is wrong with them is told at once."""

import re
from dataclasses import MISSING, fields
from typing import Any

import pytest
from omegaconf import OmegaConf

from accelerator.config.interval import Interval
from accelerator.config.read import read_entries, read_section, show_value
from accelerator.config.schema import (
    ENTRIES,
    SECTIONS,
    CheckpointConfig,
    LoaderConfig,
    LossEntry,
    MetricEntry,
    OptimizerEntry,
    RootConfig,
    SchedulerEntry,
    TrainConfig,
)
from accelerator.errors import ConfigError

Compose = Any

ALL_CLASSES = [RootConfig, *SECTIONS.values(), *ENTRIES.values(), OptimizerEntry, SchedulerEntry]


def test_a_section_is_read_with_its_types() -> None:
    node = OmegaConf.create({"epochs": None, "steps": 100, "max_time": "2h", "clip_norm": 1, "log_every": "0.5ep"})

    assert read_section(TrainConfig, node, "train") == TrainConfig(
        epochs=None, steps=100, max_time=Interval.parse("2h"), clip_norm=1.0, log_every=Interval.parse("0.5ep")
    )


def test_what_is_missing_takes_its_default() -> None:
    assert read_section(LoaderConfig, {}, "loader") == LoaderConfig()


@pytest.mark.parametrize("key", SECTIONS)
def test_the_defaults_are_those_of_the_shipped_configs(composed: Compose, key: str) -> None:
    assert read_section(SECTIONS[key], composed()[key], key) == SECTIONS[key]()


def test_interpolations_are_read_as_values() -> None:
    config = OmegaConf.create({"vars": {"n": 3}, "train": {"epochs": "${vars.n}"}})

    assert read_section(TrainConfig, config.train, "train").epochs == 3


WRONG = [
    (
        TrainConfig,
        {"epochs": -1},
        "x.epochs = -1: must be at least 1. Change it there, or add x.epochs=10 to the command.",
    ),
    (TrainConfig, {"epochs": "a"}, "x.epochs = 'a': must be a whole number, at least 1."),
    (TrainConfig, {"epochs": 1.5}, "x.epochs = 1.5: must be a whole number, at least 1."),
    (TrainConfig, {"epochs": True}, "x.epochs = true: must be a whole number, at least 1."),
    (TrainConfig, {"clip_norm": 0}, "x.clip_norm = 0: must be greater than 0. Change it there, or add x.clip_norm=1.0"),
    (TrainConfig, {"clip_norm": "1"}, "x.clip_norm = '1': must be a number, greater than 0."),
    (TrainConfig, {"max_time": "3ep"}, "x.max_time = '3ep': must be a time: 45s, 30min or 2h."),
    (TrainConfig, {"log_every": 5}, "x.log_every = 5: must be a number greater than 0 with a unit: 10ep"),
    (TrainConfig, {"log_every": None}, "x.log_every = null: must be a number greater than 0 with a unit"),
    (
        LoaderConfig,
        {"batchsize": 4},
        "x.batchsize: there is no such key. Did you mean 'x.batch_size'? Known: batch_size,",
    ),
    (LoaderConfig, {"shuffle": "yes"}, "x.shuffle = 'yes': must be true or false."),
    (LoaderConfig, {"workers": None}, "x.workers = null: must be a whole number, at least 0."),
    (LoaderConfig, {"on_error": "skip"}, "x.on_error = 'skip': must be fail."),
    (CheckpointConfig, {"mode": "avg"}, "x.mode = 'avg': must be min or max. Change it there, or add x.mode=min"),
    (CheckpointConfig, {"mode": 3}, "x.mode = 3: must be min or max."),
    (RootConfig, {"trust": "torch"}, "x.trust = 'torch': must be a list of names."),
    (RootConfig, {"name": " "}, "x.name = ' ': must be the folder that its runs lie in"),
    (RootConfig, {"config_version": 2}, "x.config_version = 2: must be 1."),
    (MetricEntry, {"metric": {"_target_": "a"}, "on": ["tst"]}, "x.on = ['tst']: must be of train, validation, test."),
    (MetricEntry, {"inputs": ["a"]}, "x.metric: must be a component: a mapping with _target_ that names a metric."),
    (LossEntry, {"loss": "mse"}, "x.loss = 'mse': must be a component: a mapping with _target_ that names a loss."),
    (LossEntry, {"loss": {"_target_": "mse"}, "weight": "a"}, "x.weight = 'a': must be a number."),
    (LoaderConfig, 3, "x = 3: must be a mapping of batch_size, micro_batch_size,"),
]


@pytest.mark.parametrize(("cls", "values", "message"), WRONG)
def test_a_wrong_value_is_told_with_what_is_right(cls: type, values: Any, message: str) -> None:
    node = OmegaConf.create(values) if isinstance(values, dict) else values

    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        read_section(cls, node, "x")


def test_an_interpolation_that_fails_is_told() -> None:
    config = OmegaConf.create({"train": {"epochs": "${nothing}"}})

    with pytest.raises(
        ConfigError, match=r"train.epochs = '\$\{nothing\}': cannot be resolved: Interpolation key 'nothing' not found"
    ):
        read_section(TrainConfig, config.train, "train")


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_section(LoaderConfig, OmegaConf.create({"batch_size": 0, "workers": -1, "x": 1}), "loader")

    assert [problem.key for problem in caught.value.problems] == ["loader.x", "loader.batch_size", "loader.workers"]


def test_a_value_of_the_command_line_is_corrected_there(composed: Compose) -> None:
    config = composed("train.epochs=-1")
    provenance = config.__dict__["_composition"].provenance
    message = "train.epochs = -1 (command line): must be at least 1. Write for example train.epochs=10."

    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        read_section(TrainConfig, config.train, "train", provenance)


def test_a_bare_node_is_short_for_an_entry_and_null_for_none() -> None:
    node = OmegaConf.create({"a": {"_target_": "mse"}, "b": None, "c": {"loss": {"_target_": "l1"}, "weight": 2}})

    assert read_entries(LossEntry, node, "loss") == {
        "a": LossEntry({"_target_": "mse"}),
        "c": LossEntry({"_target_": "l1"}, weight=2.0),
    }


def test_entries_that_are_no_mapping_by_name_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"loss = \['a'\]: must be a mapping by name. Write loss: \{a_name: …\}\."):
        read_entries(LossEntry, OmegaConf.create(["a"]), "loss")


@pytest.mark.parametrize("cls", ALL_CLASSES)
def test_every_key_has_a_description_and_a_default_that_holds(cls: type) -> None:
    rules = [(item, item.metadata["rule"]) for item in fields(cls)]

    assert all(rule.text and not rule.text.endswith(".") for _, rule in rules)
    assert all(item.default in (None, MISSING) or rule.holds(item.default) for item, rule in rules)


@pytest.mark.parametrize(
    ("value", "key", "shown"),
    [
        (None, "", "None"),
        (True, "", "true"),
        (0.1, "", "0.1"),
        ("a", "", "'a'"),
        ("abc", "x.token", "'***'"),
        ("null", "", "null"),
    ],
)
def test_a_value_is_shown_without_secrets(value: Any, key: str, shown: str) -> None:
    assert show_value(value, key) == shown
