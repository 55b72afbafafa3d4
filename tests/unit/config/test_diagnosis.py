"""What does not compose is explained: key, place, nearest name, what to do."""

import re
from typing import Any

import pytest

from accelerator.errors import ConfigError

Compose = Any
Write = Any

GRAMMAR = "Write KEY=VALUE; a value with spaces, commas, quotes or brackets goes into quotes: 'KEY=\"a, b\"'."
OVERRIDES = [
    (
        "experiment=digits_resnett",
        "experiment (command line): There is no experiment 'digits_resnett'. Did you mean 'digits_resnet'? "
        "Known: cifar10_resnet18, digits_resnet.",
    ),
    (
        "model=resnet9",
        "model (command line): There is no model 'resnet9'. Did you mean 'resnet8'? Known: mlp, resnet18, resnet8.",
    ),
    (
        "loss=[mse,cross_entropi]",
        "loss (command line): There is no loss 'cross_entropi'. Did you mean 'cross_entropy'? "
        "Known: cross_entropy, mse.",
    ),
    (
        "optimizer.lrr=0.1",
        "optimizer.lrr (command line): there is no such key. Did you mean 'optimizer.lr'? "
        "Known in optimizer: _target_, lr, weight_decay. To add a new key, write +optimizer.lrr=0.1.",
    ),
    (
        "optim.lr=0.1",
        "optim.lr (command line): there is no such key. Did you mean 'optimizer.lr'? "
        "Values of your own stand below vars: +vars.optim.lr=0.1.",
    ),
    (
        "lr=0.1",
        "lr (command line): there is no such key. Did you mean 'optimizer.lr'? "
        "Values of your own stand below vars: +vars.lr=0.1.",
    ),
    (
        "optimizer.epoch=3",
        "optimizer.epoch (command line): there is no such key. Did you mean 'train.epochs'? "
        "Known in optimizer: _target_, lr, weight_decay. To add a new key, write +optimizer.epoch=3.",
    ),
    (
        "experimentt=digits_resnet",
        "experimentt (command line): there is no such key. Did you mean 'experiment'? "
        "Values of your own stand below vars: +vars.experimentt=digits_resnet.",
    ),
    (
        "optimizer={lrr: 1}",
        "optimizer.lrr (command line): there is no such key. Did you mean 'optimizer.lr'? "
        "Known in optimizer: _target_, lr, weight_decay. To add a new key, write +optimizer={lrr: 1}.",
    ),
    (
        "tags.note=x",
        "tags.note (command line): there is no such key. Known in tags: none. To add a new key, write +tags.note=x.",
    ),
    (
        "scheduler.interval=step",
        "scheduler.interval (command line): 'scheduler' is null and has no keys. Choose one first: scheduler=NAME.",
    ),
    ("seed.x=1", "seed.x (command line): 'seed' is the value 0 and has no keys. Set seed itself."),
    (
        "+optimizer.lr=0.1",
        "optimizer.lr (command line): is there already, and + adds new keys only. Write optimizer.lr=0.1.",
    ),
    ("+model=mlp", "model (command line): has a choice already, which takes no +. Write model=mlp."),
    ("++model=mlp", "model (command line): has a choice already, which takes no +. Write model=mlp."),
    (
        "model=3",
        "model = 3 (command line): takes the name of a config. Known: mlp, resnet18, resnet8. Write model=NAME.",
    ),
    (
        "~optimizer.lrr",
        "optimizer.lrr (command line): there is no such key. Did you mean 'optimizer.lr'? Known in optimizer:",
    ),
    (
        "~optimizer.lr=7",
        "optimizer.lr (command line): holds 0.001, and not what is to be removed. Write ~optimizer.lr.",
    ),
    (
        "transform=[random_shift]",
        "transform (command line): goes to transform.train or to transform.evaluation: say which. "
        "Write transform@transform.train=[NAME].",
    ),
    (
        "transform@transform.trian=[random_shift]",
        "transform.trian (command line): goes to transform.train or to transform.evaluation: say which.",
    ),
    (
        "transform@transform.train=[random_shit]",
        "transform.train (command line): There is no transform 'random_shit'. Did you mean 'random_shift'?",
    ),
    (
        "optimizer.lr=0.1,0.2",
        "optimizer.lr (command line): 'optimizer.lr=0.1,0.2' is several values, and this command makes one run. As one "
        "list write KEY=[a,b], as one text KEY='\"a,b\"'; to run them all use `accelerator experiment sweep`.",
    ),
    ("=3", f"command line: the override '=3' has no key. {GRAMMAR}"),
    (
        "foo",
        f"command line: the override 'foo' cannot be read at its end, where something is missing. {GRAMMAR}",
    ),
    (
        "loss=[a,b",
        f"command line: the override 'loss=[a,b' cannot be read at its end, where something is missing. {GRAMMAR}",
    ),
    ("a==b", f"command line: the override 'a==b' cannot be read at character 3, '='. {GRAMMAR}"),
    ("x y=3", f"command line: the override 'x y=3' cannot be read at character 2, ' '. {GRAMMAR}"),
    (
        "seed=fn(1)",
        "command line: the override 'seed=fn(1)' cannot be read: in 'fn(1)': Unknown function 'fn'",
    ),
]


@pytest.mark.parametrize(("override", "message"), OVERRIDES)
def test_a_wrong_override_is_explained(composed: Compose, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        composed(override)


def test_all_wrong_overrides_are_told_at_once(composed: Compose) -> None:
    with pytest.raises(ConfigError) as caught:
        composed("model=mpl", "data=digit", "task=clasification")

    assert [problem.key for problem in caught.value.problems] == ["model", "data", "task"]


def test_all_wrong_keys_are_told_at_once(composed: Compose) -> None:
    with pytest.raises(ConfigError) as caught:
        composed("optimizer.lrr=1", "seeed=2", "seed=3")

    assert [problem.key for problem in caught.value.problems] == ["optimizer.lrr", "seeed"]


def test_a_secret_in_an_override_is_not_told(composed: Compose) -> None:
    with pytest.raises(ConfigError) as caught:
        composed("tracking.token=hunter2", "tracking.tokenn={password: hunter2}")

    assert "hunter2" not in str(caught.value)
    assert "write +tracking.token=***" in str(caught.value)


FILES = [
    (
        "defaults:\n  - override /optimizer: sgd\n",
        "configs/experiment/x.yaml:1: the header is missing, so all of its keys would stand below 'experiment'. "
        "Make this the first line of the file: # @package _global_.",
    ),
    (
        "seed: 3\n",
        "configs/experiment/x.yaml:1: the header is missing, so all of its keys would stand below 'experiment'.",
    ),
    (
        "# yaml-language-server: $schema=../schema.json\n# @package _global_\nseed: 3\n",
        "configs/experiment/x.yaml:1: the header stands too low, where it is not read, so all of its keys would stand "
        "below 'experiment'. Make this the first line of the file: # @package _global_.",
    ),
    (
        "# @package _global_\ndefaults:\n  - override /model: mlp\n  - digits_resnet\n",
        "defaults (configs/experiment/x.yaml:4): 'experiment/digits_resnet' comes after an override entry, where Hydra "
        "takes no plain one. Move it up: plain entries first, `override` entries last.",
    ),
    (
        "# @package _global_\ndefaults:\n  - override /model: mlp\n  - /loss: mse\n",
        "defaults (configs/experiment/x.yaml:4): '/loss: mse' comes after an override entry",
    ),
    (
        "# @package _global_\ndefaults:\n  - override /modle: mlp\n",
        "defaults (configs/experiment/x.yaml:3): there is no config group 'modle'. Did you mean 'model'? "
        "Known: callback,",
    ),
    (
        "# @package _global_\ndefaults:\n  - override /model: resnet9\n",
        "defaults (configs/experiment/x.yaml:3): There is no model 'resnet9'. Did you mean 'resnet8'?",
    ),
    (
        "# @package _global_\ndefaults:\n  - override /loss: [mse, l9]\n",
        "defaults (configs/experiment/x.yaml:3): There is no loss 'l9'. Known: cross_entropy, mse.",
    ),
    (
        "# @package _global_\ndefaults:\n  - nothing_here\n",
        "defaults (configs/experiment/x.yaml:3): There is no experiment 'nothing_here'.",
    ),
    ("# @package _global_\nseed: [1\n", "configs/experiment/x.yaml:3: is not valid YAML: "),
    (
        "# @package _global_\nseed: 1\nseed: 2\n",
        "configs/experiment/x.yaml:3: is not valid YAML: found duplicate key seed",
    ),
    ("# @package _global_\nseed: {a: 1}\nname: [}\n", "configs/experiment/x.yaml:3: is not valid YAML: "),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_a_wrong_file_is_explained(composed: Compose, write: Write, text: str, message: str) -> None:
    write("experiment/x.yaml", text)

    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        composed("experiment=x")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"# @package _global_\nname: caf\xe9\n", b"name: a\x00b\n"])
def test_a_file_that_is_no_text_is_named(composed: Compose, write: Write, content: bytes) -> None:
    write("experiment/x.yaml", "").write_bytes(content)

    message = "configs/experiment/x.yaml: is not text in UTF-8. Save it as UTF-8, without control characters."
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        composed("experiment=x")


def test_a_wrong_main_config_is_explained(composed: Compose, write: Write) -> None:
    write("main.yaml", "defaults: [bas, _self_, experiment: null]\n")

    with pytest.raises(ConfigError, match=r"^defaults \(configs/main.yaml:1\): there is no config 'bas'\."):
        composed()


def test_what_is_not_understood_is_told_in_its_own_words(composed: Compose, write: Write) -> None:
    write("main.yaml", "null: a\n")

    with pytest.raises(
        ConfigError, match="^the config does not compose: .*Incompatible key type.*Correct what it names"
    ):
        composed()


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_nothing_is_set_below_an_interpolation(composed: Compose, write: Write, sign: str) -> None:
    write("experiment/x.yaml", "# @package _global_\nvars: {a: {weight: 1}}\nloss: {a: '${vars.a}'}\n")
    message = (
        "loss.a.weight (command line): 'loss.a' is ${vars.a}, and nothing can be set below an interpolation. "
        "Set the key that it points to, or give 'loss.a' a node of its own."
    )

    with pytest.raises(ConfigError, match=re.escape(message) if sign else "loss.a.weight"):
        composed("experiment=x", f"{sign}loss.a.weight=0.5")


def test_nothing_is_set_below_an_interpolation_of_the_same_command(composed: Compose) -> None:
    with pytest.raises(ConfigError, match=re.escape("vars.b.x (command line): 'vars.b' is ${tags}")):
        composed("+vars.b=${tags}", "+vars.b.x=1")
