"""Broken experiment files, each the whole of `configs/experiment/x.yaml`."""

from tests.unit.config.broken.case import MEANT, Broken

_HEAD = "# @package _global_\n"
_FILE = "configs/experiment/x.yaml"
_BASE = f"{_HEAD}defaults: [digits_resnet]\n"
_TO_FILE = "Change it there, or add"


def _default(line: str, came: str, allowed: str, mended: str, take: str = MEANT) -> Broken:
    text, said = f"{_HEAD}defaults:\n  - digits_resnet\n  - ", "Did you mean" if take == MEANT else "Write "
    return Broken(text + line + "\n", f"defaults ({_FILE}:4)", came, allowed, said, take, text + mended + "\n")


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
    Broken(
        f"{_HEAD}defaults: [digits_resnet, x]\n",
        f"defaults ({_FILE}:2)",
        "'experiment/x' leads back to itself",
        "experiment/x -> experiment/x",
        "Take this entry out",
        "(Take) this entry out",
        f"{_HEAD}defaults: [digits_resnet]\n",
    ),
    Broken(
        f"{_HEAD}defaults: digits_resnet\n",
        f"defaults ({_FILE}:2)",
        "not 'digits_resnet'",
        "must be a list",
        "Write each entry on a line of its own",
        r"must be a list, not '(\w+)'",
        f"{_HEAD}defaults:\n  - {{}}\n",
    ),
    Broken(
        f"{_HEAD}defaults:\n  - digits_resnet\n  - {{override /model: mlp, override /data: digits}}\n",
        f"defaults ({_FILE}:4)",
        "'override /model', 'override /data'",
        "one entry holds several groups",
        "Write each entry on a line of its own",
        r"line of its own: (- override /model: mlp)",
        f"{_HEAD}defaults:\n  - digits_resnet\n  {{}}\n  - override /data: digits\n",
    ),
    Broken(
        f"{_HEAD}defaults:\n  - digits_resnet\n  - [a, b]\n",
        f"defaults ({_FILE}:4)",
        "a list stands",
        "where an entry belongs",
        "Write each entry on a line of its own",
        r"line of its own: (- override /model: mlp)",
        f"{_HEAD}defaults:\n  - digits_resnet\n  {{}}\n",
    ),
    Broken(
        f"{_HEAD}defaults:\n  - _self_\n  - digits_resnet\n  - _self_\n",
        f"defaults ({_FILE}:5)",
        "_self_ stands there twice",
        "twice",
        "Remove one of them",
        "(Remove) one",
        f"{_HEAD}defaults:\n  - digits_resnet\n  - _self_\n",
    ),
    Broken(
        f"{_HEAD}defaults: [digits_resnett]\n",
        f"defaults ({_FILE}:2)",
        "no experiment 'digits_resnett'",
        "Known: cifar10_resnet18",
        "Did you mean",
        MEANT,
        f"{_HEAD}defaults: [{{}}]\n",
    ),
    _default(
        "/model: mlp", "'/model: mlp' chooses once more", "base.yaml", "override /model: mlp", r"(Write) override"
    ),
    _default("model: mlp", "'experiment/model'", "without a / in front", "{}", r"Write (override /model: mlp)"),
    _default("override /model@task: mlp", "'model@task'", "has chosen", "{}", r"Write (override /model: mlp)"),
    _default("override /model: ${vars.m}", "'${vars.m}' names no choice", "Known: ", "override /model: mlp", "(Write)"),
    Broken(
        f"\ufeff{_BASE}",
        f"{_FILE}:1",
        "begins with an invisible mark (U+FEFF)",
        "behind which the header is not read",
        "Save it as UTF-8 without a byte order mark",
        "(Save)",
        _BASE,
    ),
]
