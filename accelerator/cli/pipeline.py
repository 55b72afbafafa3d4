"""`accelerator pipeline …`: one method for each verb. Its docstring is its help page."""

import sys
from json import dumps

from accelerator.cli.dispatch import run_command
from accelerator.cli.late import late
from accelerator.cli.pipeline_text import print_clean, print_ended, print_notes, print_plan, print_status, print_step
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project
from accelerator.heap import leave


class Pipeline:
    """Run several steps as one: what is done is not done again, and each step says why it runs.

    A pipeline is a config of the group pipeline. An OVERRIDE goes to every experiment step, after its own;
    STEP:key=value to one step; pipeline.key=value to the pipeline itself.

    Examples:
      accelerator pipeline run digits_two_stage
      accelerator pipeline run digits_two_stage --plan
      accelerator pipeline status
    """

    default_verb = "run"

    def __init__(self, project: Project) -> None:
        self._project = project

    def run(
        self,
        name: str | None = None,
        *overrides: str,
        plan: bool = False,
        from_: str | None = None,
        only: str | None = None,
        until: str | None = None,
        force: str | None = None,
    ) -> int:
        """Run what has changed since it was last done, and go on with what failed or was killed.

        NAME may also be written pipeline=NAME. A step is skipped when its config, inputs and code are what they were,
        in whichever pipeline that was. When a step fails, those that need it do not run, and the others do; the same
        command goes on from its last checkpoint. The last line printed is the pipeline's folder.

        Flags:
          --plan         only say what would run, and why
          --from STEP    this step and all that need what it gives; of those before, what they gave last is taken
          --only STEP    this step alone
          --until STEP   this step and all that it needs
          --force STEP   run this step although nothing has changed

        Several steps are written with commas between.
        Exit codes: 0 done, 1 a step failed, 2 wrong input, 130 Ctrl-C, 143 SIGTERM (steps are saved first).

        Examples:
          accelerator pipeline run digits_two_stage
          accelerator pipeline run digits_two_stage train.epochs=3 finetune:optimizer.lr=1e-5 pipeline.parallel=2
          accelerator pipeline run digits_two_stage --plan --from finetune
        """
        selection = late("pipeline", "select")(from_=from_, only=only, until=until, force=force)
        if plan:
            planned = late("pipeline", "plan_pipeline")(
                name, overrides, selection=selection, project=self._project, say=print_line
            )
            return print_plan(planned)
        ended = late("pipeline", "run_pipeline")(
            name, overrides, selection=selection, project=self._project, say=print_line, watch=print_step
        )
        return print_ended(ended)

    def status(self, name: str | None = None, *overrides: str, json: bool = False) -> int:
        """Show how the steps of each pipeline stand, or of one; the newest of each name.

        A pipeline that was run with paths.output=DIR is found with the same override.

        Flags:
          --json  print a list of objects, one a pipeline, as pipeline.json has it

        Examples:
          accelerator pipeline status
          accelerator pipeline status digits_two_stage --json
          accelerator pipeline status paths.output=/scratch/outputs
        """
        found = late("pipeline", "pipeline_status")(name, overrides, project=self._project)
        if json:
            print_notes(found)
            print_line(dumps([item.to_json() for item in found.pipelines], indent=2))
            return 0
        return print_status(found, self._project.flag)

    def clean(self, name: str | None = None, *overrides: str, dry_run: bool = False, all: bool = False) -> int:
        """Remove records of steps that nothing can be taken from any more; runs and outputs stay.

        Those are records that are damaged, of another version, or whose outputs are gone or changed, and locks that
        nobody holds. Each is shown. Those of a pipeline that was run with paths.output=DIR are found with the same
        override.

        Flags:
          --dry_run  only show them
          --all      remove all records, or all of the pipeline NAME: its steps run again next time

        Examples:
          accelerator pipeline clean --dry_run
          accelerator pipeline clean digits_two_stage --all
        """
        cleaned = late("pipeline", "clean_cache")(name, overrides, project=self._project, dry_run=dry_run, every=all)
        return print_clean(cleaned)


if __name__ == "__main__":
    leave(run_command({"pipeline": Pipeline}, ["pipeline", *sys.argv[1:]]))
