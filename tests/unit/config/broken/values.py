"""Broken values on top of `experiment=digits_resnet`: types, ranges, arguments, monitors, inputs."""

from tests.unit.config.broken.case import MEANT, PROPOSED, Broken

_EXAMPLE = "Write for example"


def _value(given: str, allowed: str) -> Broken:
    key, _, value = given.partition("=")
    return Broken(given, f"{key} = ", value, f"must be {allowed}", _EXAMPLE, PROPOSED, "{}")


RANGES = [
    _value("train.epochs=-1", "at least 1"),
    _value("train.steps=0", "at least 1"),
    _value("train.clip_norm=-1", "greater than 0"),
    _value("train.validate_every=5", "a number greater than 0 with a unit"),
    _value("train.log_every=0st", "a number greater than 0 with a unit"),
    _value("train.max_time=5ep", "a time: 45s, 30min or 2h"),
    _value("loader.batch_size=0", "at least 1"),
    _value("loader.batch_size=big", "a whole number, at least 1"),
    _value("loader.workers=-1", "at least 0"),
    _value("loader.shuffle=3", "true or false"),
    _value("loader.on_error=skip", "fail"),
    _value("checkpoint.every=often", "a number greater than 0 with a unit"),
    _value("checkpoint.keep_last=0", "at least 1"),
    _value("checkpoint.mode=least", "min or max"),
    _value("checkpoint.use=newest", "last or best"),
    _value("seed=-1", "at least 0"),
    _value("seed=99999999999999999999", "at least 0, and less than 2**63"),
    _value("name=../x", "the folder that its runs lie in"),
    _value("name=/x", "the folder that its runs lie in"),
    _value("name=x//y", "the folder that its runs lie in"),
    _value("optimizer.lr=-0.1", "at least 0"),
    _value("optimizer.lr=nan", "at least 0"),
    _value("optimizer.weight_decay=-1", "at least 0"),
    _value("seed=a", "a whole number, at least 0"),
    _value("config_version=2", "1"),
    _value("launch.processes=0", "at least 1"),
    _value("scheduler.interval=week", "step or epoch"),
    _value("loss.cross_entropy.weight=heavy", "a number"),
    Broken(
        "metric.accuracy.on=[valid]",
        "metric.accuracy.on = ",
        "['valid']",
        "must be of train, validation, test",
        _EXAMPLE,
        PROPOSED,
        "{}",
    ),
]

_TAKES = "takes "


def _typed(given: str, takes: str, also: str = "") -> Broken:
    key, _, value = given.partition("=")
    mended = f"{also}  {'+' if key.startswith('+') else ''}{{}}".strip()
    whole = f"{also}  {given}".strip()
    return Broken(whole, key.lstrip("+"), f"not {value}", f"{_TAKES}{takes}", _EXAMPLE, PROPOSED, mended)


TYPES = [
    _typed("optimizer.lr='fast'", "float"),
    _typed("+optimizer.betas=0.9", "tuple[float"),
    _typed("+optimizer.amsgrad=3", "true or false"),
    _typed("model.num_classes='many'", "int"),
    _typed("model.hidden=128", "Sequence[int]", also="model=mlp"),
    _typed("transform.train.random_shift.max_share='big'", "float"),
    _typed("transform.train.random_shift.subpixel=2", "true or false"),
    _typed("scheduler.scheduler.warmup_steps='few'", "int or null"),
    _typed("callback.progress.interval_s='slow'".replace("callback", "+callback", 1), "float"),
    _typed("callback.early_stopping.patience=1.5", "int", also="callback=[early_stopping]"),
    _typed("engine.precision='fp8'", "'fp32' or 'bf16' or 'fp16'"),
    _typed("engine.oom='die'", "'fail'"),
    _typed("engine.compile='maybe'", "true or false"),
    _typed("data.download='often'", "true or false", also="data=cifar10"),
]

ARGUMENTS = [
    Broken("+model.x=3", "model.x (", "no argument 'x'", "Known: in_channels", "Remove", "(Remove) it", "seed=0"),
    Broken("+model.num_class=3", "model.num_class (", "'num_class'", "Known: in", "Call it", r"it (\S+),", "{}=3"),
    Broken("+optimizer.amsgrd=true", "optimizer.amsgrd", "'amsgrd'", "Known: ", "Call it", r"it (\S+),", "+{}=true"),
    Broken(
        "+loss.x={loss: {_target_: torch.nn.ChannelShuffle}, inputs: [prediction]}",
        "loss.x.loss (command line)",
        "needs the argument 'groups'",
        "(int)",
        "Add +loss.x.loss.groups=1 to the command",
        r"Add (\+\S+) to",
        "+loss.x={loss: {_target_: torch.nn.ChannelShuffle}, inputs: [prediction]}  {}",
    ),
    Broken(
        "+loss.x={loss: {_target_: torch.nn.LocalResponseNorm}, inputs: [prediction]}",
        "loss.x.loss (command line)",
        "needs the argument 'size'",
        "(int)",
        "Add +loss.x.loss.size=1 to the command",
        r"Add (\+\S+) to",
        "+loss.x={loss: {_target_: torch.nn.LocalResponseNorm}, inputs: [prediction]}  {}",
    ),
]

_MONITOR = "is nothing that a declared metric or loss gives"
_TO_MONITOR = r"Write (\S+=\S+), or add the metric"


def _monitor(given: str, also: str = "") -> Broken:
    key, _, value = given.lstrip("+").partition("=")
    plus = "+" if given.startswith("+") else ""
    known = "Known: train/epoch_loss, train/loss, validation/"
    mended = f"{also}  {plus}{{}}".strip()
    return Broken(
        f"{also}  {given}".strip(), f"{key} = '{value}'", _MONITOR, known, f"Write {key}=", _TO_MONITOR, mended
    )


REFERENCES = [
    _monitor("checkpoint.monitor=validation/acc"),
    _monitor("checkpoint.monitor=val/loss"),
    _monitor("checkpoint.monitor=validation/accuracy", also="metric=[]"),
    _monitor("callback.early_stopping.monitor=validation/acuracy", also="callback=[early_stopping]"),
    _monitor("+scheduler.monitor=validation/los", also="scheduler.interval=epoch"),
    Broken(
        "loss.cross_entropy.inputs=[predictoin,target]",
        "loss.cross_entropy.inputs = ",
        "'predictoin' is given neither by the task nor by the data",
        "Known: input, prediction, target",
        "Write 'prediction' instead",
        MEANT,
        "loss.cross_entropy.inputs=[{},target]",
    ),
    Broken(
        "metric.accuracy.inputs=[prediction,targets]",
        "metric.accuracy.inputs = ",
        "'targets' is given neither",
        "Known: input, prediction, target",
        "Write 'target' instead",
        MEANT,
        "metric.accuracy.inputs=[prediction,{}]",
    ),
    Broken(
        "task.inputs=[inptu]",
        "task.inputs = ['inptu']",
        "'inptu' is no field of the data",
        "Known: input, target",
        "Write 'input' instead",
        MEANT,
        "task.inputs=[{}]",
    ),
]
