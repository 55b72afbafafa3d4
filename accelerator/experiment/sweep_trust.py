"""What a sweep's own `sweep.json` may say when the sweep is gone on with: its folder may come from a stranger."""

import re
from collections.abc import Mapping
from typing import Any

from accelerator.config.multirun import read_line
from accelerator.errors import ConfigError, Problem, StorageError
from accelerator.experiment.sweep_folder import SweepFolder

_CHOICE = re.compile(r"\+?hydra/(launcher|sweeper)(/\w+)?=\w+")
_SETTING = re.compile(r"\+{0,2}hydra\.(launcher|sweeper)\.(?!.*_target_)(?!storage)[\w.]+=[^${}]*")


def refuse_foreign(folder: SweepFolder, content: Mapping[str, Any]) -> None:
    """Let pass a sweep whose launcher and sweeper are chosen by name and given plain values.

    Raises:
        StorageError: the file holds no overrides.
        ConfigError: an override names what would be called, or where a study is kept.
    """
    overrides = content.get("overrides") if isinstance(content, Mapping) else None
    if not isinstance(overrides, list) or not all(isinstance(item, str) for item in overrides):
        raise StorageError(f"{folder.state}: holds no list of overrides. The file is damaged: start the sweep anew.")
    foreign = [item for item in read_line(overrides).hydra if not (_CHOICE.fullmatch(item) or _SETTING.fullmatch(item))]
    if foreign:
        what = "is not taken from a sweep's folder, which may come from a stranger"
        raise ConfigError(
            [Problem(item.partition("=")[0], what, "Start the sweep anew", str(folder.state), item) for item in foreign]
        )
