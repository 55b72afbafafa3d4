"""Why a key of a config, or of a run's config, has its value."""

from collections.abc import Sequence

from accelerator.config import explain as explaining
from accelerator.config.compose import compose
from accelerator.config.explain import Explanation
from accelerator.config.project import Project, find_project
from accelerator.config.saved import load_saved
from accelerator.experiment.named_run import named_run


def explain(
    key: str, run: str | None = None, overrides: Sequence[str] = (), *, project: Project | None = None
) -> Explanation:
    """Explain a key of what the overrides compose or, given a RUN, of its own config with the overrides on top.

    Raises:
        ConfigError: there is no such key (names the nearest), or the config does not compose.
        RunNotFoundError: RUN means no run, or more than one.
    """
    project = project or find_project()
    if run is None:
        return explaining.explain(compose(overrides, project=project), key)
    folder = named_run(run, project).folder
    return explaining.explain(load_saved(folder.path, overrides, project, to_look_at=True), key)
