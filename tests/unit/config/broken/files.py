"""Broken experiment files, each the whole of `configs/experiment/x.yaml`."""

from tests.unit.config.broken.case import MEANT, Broken

_HEAD = "# @package _global_\n"
_FILE = "configs/experiment/x.yaml"
_BASE = f"{_HEAD}defaults: [digits_resnet]\n"
_TO_FILE = "Change it there, or add"


def _default(line: str, came: str, allowed: str, mended: str) -> Broken:
    text = f"{_HEAD}defaults:\n  - digits_resnet\n  - "
    return Broken(
        text + line + "\n", f"defaults ({_FILE}:4)", came, allowed, "Did you mean", MEANT, text + mended + "\n"
    )


FILES = [
    Broken(
        "defaults: [digits_resnet]\noptimizer: {lr: 0.1}\n",
        f"{_FILE}:1",
        "the header is missing",
        "would stand below 'experiment'",
        "Make this the first line of the file",
        "(# @package _global_)",
        "{}\ndefaults: [digits_resnet]\noptimizer: {lr: 0.1}\n",
    ),
    Broken(
        f"{_HEAD}defaults:\n  - override /model: resnet8\n  - digits_resnet\n",
        f"defaults ({_FILE}:4)",
        "comes after an override entry",
        "Hydra takes no plain one",
        "Move it up: plain entries first, `override` entries last",
        "(Move) it up",
        f"{_HEAD}defaults:\n  - digits_resnet\n  - override /model: resnet8\n",
    ),
    _default("override /modle: mlp", "no config group 'modle'", "Known: callback", "override /{}: mlp"),
    _default("override /model: mpl", "no model 'mpl'", "Known: mlp", "override /model: {}"),
    _default("override /loss: [cross_entropi]", "'cross_entropi'", "Known: cross_entropy", "override /loss: [{}]"),
    Broken(
        f"{_BASE}train:\n  epochs: -1\n",
        f"train.epochs = -1 ({_FILE}:4)",
        "-1",
        "must be at least 1",
        _TO_FILE,
        r"add train.epochs=(\S+) to the command",
        f"{_BASE}train:\n  epochs: {{}}\n",
    ),
    Broken(
        f"{_BASE}optimizer:\n  lr: fast\n",
        f"optimizer.lr ({_FILE}:4)",
        "not 'fast'",
        "takes float",
        _TO_FILE,
        r"add optimizer.lr=(\S+) to the command",
        f"{_BASE}optimizer:\n  lr: {{}}\n",
    ),
    Broken(
        f"{_BASE}optimizer:\n  weight_dekay: 0.1\n",
        f"optimizer.weight_dekay ({_FILE}:4)",
        "no argument 'weight_dekay'",
        "Known: ",
        "Call it optimizer.weight_decay",
        MEANT,
        f"{_BASE}optimizer:\n  {{}}: 0.1\n",
    ),
    Broken(
        f"{_BASE}checkpoint:\n  monitor: validation/f1\n",
        f"checkpoint.monitor = 'validation/f1' ({_FILE}:4)",
        "is nothing that a declared metric or loss gives",
        "Known: train/epoch_loss",
        _TO_FILE,
        r"add checkpoint.monitor=(\S+) to the command",
        f"{_BASE}checkpoint:\n  monitor: {{}}\n",
    ),
    Broken(
        f"{_BASE}loss:\n  cross_entropy:\n    inputs: [predictions, target]\n",
        f"loss.cross_entropy.inputs = ['predictions', 'target'] ({_FILE}:5)",
        "'predictions' is given neither",
        "Known: input, prediction, target",
        "Write 'prediction' instead",
        MEANT,
        f"{_BASE}loss:\n  cross_entropy:\n    inputs: [{{}}, target]\n",
    ),
    Broken(
        f"{_HEAD}defaults: [digits_resnet]\nseed: 1\nseed: 2\n",
        f"{_FILE}:4",
        "found duplicate key seed",
        "is not valid YAML",
        "Repair the file",
        "duplicate key (seed)",
        f"{_HEAD}defaults: [digits_resnet]\n{{}}: 2\n",
    ),
    Broken(
        f"{_BASE}lodaer: {{batch_size: 4}}\n",
        f"lodaer ({_FILE}:3)",
        "no such key at the top level",
        "Known: config_version",
        "Did you mean 'loader'",
        MEANT,
        f"{_BASE}{{}}: {{batch_size: 4}}\n".replace("{batch", "{batch"),
    ),
]
