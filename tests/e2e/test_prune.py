"""`prune` killed by SIGKILL while it removes a run: what is left is no run, and the next one removes it."""

import json
from pathlib import Path

from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary
from tests.e2e.command import accelerator, await_path, start

COMMAND = ("experiment", "prune", "--remove", "runs", "--where", "status==completed", "--yes")
NUM_FILES = 20_000


def test_a_run_is_whole_or_gone_when_prune_is_killed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "outputs" / "digits" / "20261123-101501-aaaaaa")
    (folder.path / "artifacts").mkdir(parents=True)
    folder.journal.mkdir()
    names = [f"artifacts/{place}" for place in range(NUM_FILES)]
    for name in names:
        (folder.path / name).touch()
    records = [json.dumps({"kind": "artifact", "name": name, "path": name}) for name in names]
    (folder.journal / "rank-0.jsonl").write_text("\n".join([*records, ""]), encoding="utf-8")
    write_summary(folder, Summary("completed", 2, 40))

    with start(*COMMAND, cwd=tmp_path) as running:
        removing = await_path(tmp_path, "outputs/digits/.removing-*")
        running.kill()
    was_left = removing.is_dir()
    listed = accelerator("experiment", "list", "--json", cwd=tmp_path)
    again = accelerator(*COMMAND, cwd=tmp_path)

    assert was_left and json.loads(listed.out) == []
    assert again.code == 0 and "left by a prune that was killed" in again.out
    assert list(folder.path.parent.iterdir()) == []
