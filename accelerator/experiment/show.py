"""The composed config, and where each of its values comes from."""

from collections.abc import Sequence

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.config.show import render


def show(overrides: Sequence[str] = (), *, project: Project | None = None) -> str:
    """Return the composed config as YAML, each line with its source (file and line, or the override).

    Raises:
        ConfigError: the config does not compose.
    """
    return render(compose(overrides, project=project))
