"""`accelerator configure …`: one method for each verb. Its docstring is its help page.

What a verb needs is imported when it is called, so that a help page costs neither Hydra nor torch.
"""

import shlex
import sys
from collections.abc import Sequence
from json import dumps

from accelerator.cli.catalogue_text import LIST_HEADER, description_text, list_rows
from accelerator.cli.checked import print_checked
from accelerator.cli.dispatch import run_command
from accelerator.cli.late import late
from accelerator.cli.scaffold_text import (
    cleaned_text,
    has_conflicts,
    restored_text,
    started_text,
    status_text,
    updated_text,
)
from accelerator.cli.terminal import print_error, print_line, print_table
from accelerator.config.project import Project
from accelerator.errors import EXIT_FAILED, UsageError
from accelerator.heap import leave


class Configure:
    """Look at configs and components, and start a project.

    Examples:
      accelerator configure check experiment=digits_resnet
    """

    default_verb = "check"

    def __init__(self, project: Project) -> None:
        self._project = project

    def check(self, *overrides: str, all: bool = False, dry_run: bool = False, json: bool = False) -> int:
        """Check a config without running it; all problems at once, exit 2 when there is one.

        Each problem says the key, the file and line or the override it came from, what is allowed, what to do.
        With pipeline=NAME among the overrides it is that pipeline, with what its steps compose.

        Flags:
          --all      check every experiment (with the overrides on top) and every pipeline of the search path
          --dry_run  take one real optimizer step too, forward and backward, save and load; nothing stays
          --json     print a list of objects: config, key, value, source, override, what, remedy

        Examples:
          accelerator configure check experiment=digits_resnet optimizer.lr=0.01
          accelerator configure check experiment=digits_resnet --dry_run
          accelerator configure check pipeline=digits_two_stage finetune:optimizer.lr=1e-5
          accelerator configure check --all --json
        """
        found = late("pipeline", "check")(overrides, project=self._project, every=all, dry_run=dry_run)
        return print_checked(found, overrides, json=json)

    def index(self, *, check: bool = False, force: bool = False) -> int:
        """Write the project's index files: every config of a kind, also of plugins and ours, under index.KIND.NAME.

        An experiment with `- /index/loss` in its defaults list may write `loss: {a: ${index.loss.mse}}`.

        Flags:
          --check  write nothing; exit 1 when a file is missing, stale or changed by hand
          --force  write files that were changed by hand too, each kept as FILE.bak-<time>

        Examples:
          accelerator configure index
          accelerator configure index --check
        """
        lines = late("scaffold", "write_index")(self._project, check=check, force=force)
        remedy = ["accelerator", "configure", "index", *self._project.flag]
        return _print_generated(lines, "The index files are up to date.", remedy if check else ())

    def schema(self, *, reference: str | None = None, check: bool = False, force: bool = False) -> int:
        """Write configs/schema.json, by which editors complete and check the project's config files.

        An editor finds it by the line `# yaml-language-server: $schema=...` at the head of a config file.

        Flags:
          --reference FILE  write the reference of all keys and groups too, as Markdown
          --check           write nothing; exit 1 when a file is missing, stale or changed by hand
          --force           write files that were changed by hand too, each kept as FILE.bak-<time>

        Examples:
          accelerator configure schema
          accelerator configure schema --reference docs/config_reference.md
        """
        lines = late("scaffold", "write_schema")(self._project, reference=reference, check=check, force=force)
        named = [] if reference is None else ["--reference", reference]
        remedy = ["accelerator", "configure", "schema", *named, *self._project.flag]
        return _print_generated(lines, "The schema is up to date.", remedy if check else ())

    def list(self, kind: str | None = None, *, json: bool = False) -> int:
        """Print the components and configs that there are, of one kind or of all, and where each comes from.

        Flags:
          --json  print a list of objects

        Examples:
          accelerator configure list
          accelerator configure list model
          accelerator configure list loss --json | jq -r '.[].name'
        """
        items = late("config", "list_components")(self._project, kind)
        if json:
            print_line(dumps([item.to_json() for item in items], indent=2, ensure_ascii=False))
        else:
            print_table(LIST_HEADER, list_rows(items))
        return 0

    def describe(self, name: str, *, json: bool = False) -> int:
        """Print what a component takes, what it does, its config and its source; or a config with its comment.

        NAME is resnet8, model:resnet8, package::resnet8, a config such as digits_resnet, or package.module.Class.
        Nothing is imported where the source tells what is asked.

        Flags:
          --json  print an object

        Examples:
          accelerator configure describe resnet8
          accelerator configure describe experiment:digits_resnet
          accelerator configure describe torch.optim.AdamW
        """
        found = late("config", "describe")(name, self._project)
        print_line(
            dumps(found.to_json(), indent=2, ensure_ascii=False, default=str) if json else description_text(found)
        )
        return 0

    def init(self, dir: str | None = None, *, configs_only: bool = False, update: bool = False) -> int:
        """Start a project in the folder DIR (the working folder): package, configs, example, tests, Makefile.

        Its tests pass and its example experiment trains. Nothing that exists is overwritten: when one of the files is
        there already, nothing is written, exit 2.

        Flags:
          --configs_only  add configs alone to a project that exists; its pyproject.toml is left as it is
          --update        bring what an older version wrote up to date, and keep what you changed; where both changed
                          the same place your file stays, ours is put beside it as FILE.new, exit 1

        Examples:
          accelerator configure init handwriting
          accelerator configure init --configs_only
          accelerator configure init --update
        """
        if update and configs_only:
            raise UsageError("accelerator configure init: --update updates what is there. Leave --configs_only out.")
        if update:
            updated = late("scaffold", "update")(dir, project=self._project)
            print_line(updated_text(updated))
            return EXIT_FAILED if has_conflicts(updated) else 0
        print_line(started_text(late("scaffold", "init")(dir, project=self._project, configs_only=configs_only)))
        return 0

    def status(self, *, json: bool = False) -> int:
        """Print which files are ours, ours but changed, outdated or yours, and which configs shadow others.

        Files: all that we wrote, and all in configs/. Ours are as we wrote them; outdated ones too, but this version
        writes them differently (accelerator configure init --update). Shadows: the first on the search path wins.

        Flags:
          --json  print an object: files, shadows, damaged

        Examples:
          accelerator configure status
          accelerator configure status --json | jq '.files[] | select(.state == "changed")'
        """
        found = late("scaffold", "status")(self._project)
        print_line(dumps(found.to_json(), indent=2, ensure_ascii=False) if json else status_text(found))
        return 0

    def clean(self, *, dry_run: bool = False, undo: bool = False) -> int:
        """Remove what is ours and unchanged, never what you made or changed; it can be undone.

        The files are listed, and moved into .accelerator/trash/. Nothing is asked.

        Flags:
          --dry_run  only list them
          --undo     bring back what the newest clean removed

        Examples:
          accelerator configure clean --dry_run
          accelerator configure clean
          accelerator configure clean --undo
        """
        if undo and dry_run:
            raise UsageError("accelerator configure clean: --undo brings back at once. Leave --dry_run out.")
        if undo:
            print_line(restored_text(late("scaffold", "undo_clean")(project=self._project)))
        else:
            print_line(cleaned_text(late("scaffold", "clean")(project=self._project, dry_run=dry_run)))
        return 0


def _print_generated(lines: Sequence[str], otherwise: str, remedy: Sequence[str]) -> int:
    """Print what was written, or is not what it should be; then `remedy` is the command that writes it."""
    for line in lines or [otherwise]:
        print_line(line)
    if not lines or not remedy:
        return 0
    print_error(f"To write them anew: {shlex.join(remedy)}")
    return EXIT_FAILED


if __name__ == "__main__":
    leave(run_command({"configure": Configure}, ["configure", *sys.argv[1:]]))
