"""What is to be said of a run that is synced."""

from accelerator.config.project import Project
from accelerator.experiment.sync import sync
from accelerator.runs.run import Run


def test_an_untracked_run_has_nothing_to_send(trained: Project, trained_run: Run) -> None:
    synced = sync("last", project=trained)

    assert synced.folder == trained_run.folder
    assert synced.has_arrived
    assert (synced.delivery.sent, synced.open_command) == (0, None)
