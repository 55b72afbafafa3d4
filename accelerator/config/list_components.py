"""The components and configs that there are, as `accelerator configure list` prints them."""

from accelerator.components import Registry
from accelerator.config.catalogue import GROUPS, Item, catalogue
from accelerator.config.project import Project
from accelerator.errors import UsageError, did_you_mean


def list_components(project: Project, kind: str | None = None) -> tuple[Item, ...]:
    """Return everything that a config can name, of one kind or of all.

    Raises:
        UsageError: there is no such kind.
    """
    if kind is not None and kind not in GROUPS:
        raise UsageError(
            f"accelerator configure list: there is no kind '{kind}'. {did_you_mean(kind, GROUPS, most=len(GROUPS))}"
        )
    return catalogue(project, Registry.discover(project.root), GROUPS if kind is None else (kind,))
