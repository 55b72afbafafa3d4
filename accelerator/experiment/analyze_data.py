"""What the data of a config is like, as a run of its own."""

from collections.abc import Sequence

from accelerator.config.project import Project, find_project
from accelerator.experiment.late import late
from accelerator.experiment.outcome import Outcome, Say, say_nothing
from accelerator.experiment.sound_config import sound_config


def analyze_data(overrides: Sequence[str] = (), *, project: Project | None = None, say: Say = say_nothing) -> Outcome:
    """Read every sample of every split, and write `analysis/data.json` and `analysis/data.html` into a run folder.

    Args:
        overrides: what chooses the data (`experiment=digits_resnet`).
        project: the project; by default that of the working folder.
        say: takes lines for the user before the analysis and after it.

    Raises:
        InputError: the config has problems.
    """
    config = sound_config(overrides, project or find_project())
    outcome: Outcome = late("analyze_data_of", "analyses")(config, say)
    return outcome
