"""What differs between runs of a project."""

from collections.abc import Sequence

from accelerator.config.project import Project, find_project
from accelerator.experiment.named_run import named_run
from accelerator.runs.comparison import Comparison, compare_runs


def compare(references: Sequence[str], *, project: Project | None = None) -> Comparison:
    """Compare the runs that the RUNs mean, in their order.

    Raises:
        RunNotFoundError: a RUN means none, or more than one.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
    """
    project = project or find_project()
    return compare_runs([named_run(reference, project) for reference in references])
