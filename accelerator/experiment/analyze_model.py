"""What the model of a config costs, as a run of its own."""

from collections.abc import Sequence

from accelerator.config.project import Project, find_project
from accelerator.experiment.late import late
from accelerator.experiment.outcome import Outcome, Say, say_nothing
from accelerator.experiment.sound_config import sound_config


def analyze_model(overrides: Sequence[str] = (), *, project: Project | None = None, say: Say = say_nothing) -> Outcome:
    """Run the model on a real batch, and write `analysis/model.json` and `analysis/model.html` into a run folder.

    Args:
        overrides: what chooses model and data (`experiment=digits_resnet`).
        project: the project; by default that of the working folder.
        say: takes lines for the user before the analysis and after it.

    Raises:
        InputError: the config has problems, or the data has no batch.
    """
    config = sound_config(overrides, project or find_project())
    outcome: Outcome = late("analyze_model_of", "analyses")(config, say)
    return outcome
