"""Pipelines run in this process, their steps in processes of their own: what runs, what is skipped, what goes wrong."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, InputError, UsageError
from accelerator.pipeline.missing_files import missing_files
from accelerator.pipeline.pipeline_status import pipeline_status
from accelerator.pipeline.plan_pipeline import plan_pipeline
from accelerator.pipeline.state import read_state
from tests.unit.pipeline.conftest import Steps, output_of, states

ALL = {"first", "second", "other", "sum"}


def test_what_is_done_is_skipped_and_only_what_changed_runs_again(steps: Steps) -> None:
    ended = steps.run()
    assert (ended.exit_code, states(ended.state)) == (0, dict.fromkeys(ALL, "ran"))
    assert output_of(ended.state, "sum", "total") == 14.0
    assert {call.split()[0] for call in steps.calls()} == ALL
    assert '<a href="steps/first/files/table.txt">table</a>' in (ended.state.folder / "report.html").read_text()

    again = steps.run()
    assert (again.exit_code, states(again.state)) == (0, dict.fromkeys(ALL, "skipped"))
    assert again.state.step("sum").skipped_from == str(ended.state.folder)
    assert again.state.folder != ended.state.folder
    assert steps.calls() == []

    changed = steps.run("second:scale=4.0")
    assert states(changed.state) == {"first": "skipped", "second": "ran", "other": "skipped", "sum": "ran"}
    assert changed.state.step("second").reason == "scale: 2.0 -> 4.0"
    assert output_of(changed.state, "sum", "total") == 28.0
    assert read_state(changed.state.folder) == changed.state


def test_a_failing_step_ends_what_needs_it_and_the_same_command_goes_on(steps: Steps) -> None:
    steps.write("fault_second", "raise ValueError('upside down')")

    failed = steps.run(force="first")
    assert failed.exit_code == 1
    assert states(failed.state) == {"first": "ran", "second": "failed", "other": "ran", "sum": "waiting"}
    assert failed.state.step("second").reason == "ValueError: upside down"
    assert failed.state.step("sum").reason == "second did not come to its end"
    assert failed.resume_command == f"accelerator pipeline run sums --force first --project {steps.root}"

    (steps.root / "fault_second").unlink()
    steps.calls()
    ended = steps.run(force="first")
    assert (ended.exit_code, ended.state.folder) == (0, failed.state.folder)
    assert steps.calls() == ["second 2", "sum 1"]
    assert steps.plan(force="first")[0][1:] == ("run", "--force: nothing has changed")


def test_a_project_that_is_moved_keeps_what_it_has_done_and_goes_on_with_what_was_begun(steps: Steps) -> None:
    steps.write("fault_second", "raise ValueError('upside down')")
    steps.run()
    steps.calls()
    moved = Steps(steps.root.rename(steps.root.parent / "moved"))
    (moved.root / "fault_second").unlink()

    (shown,) = pipeline_status(project=Project(moved.root)).pipelines
    assert {Path(step.folder or moved.root).is_dir() for step in shown.steps} == {True}
    assert Path(output_of(shown, "first", "table")).is_file()
    ended = moved.run()

    assert states(ended.state) == {"first": "skipped", "second": "ran", "other": "skipped", "sum": "ran"}
    assert moved.calls() == ["second 2", "sum 1"]
    assert output_of(ended.state, "first", "table").startswith(str(moved.root))


def test_a_file_of_a_step_that_cannot_be_written_fails_that_step_alone(steps: Steps) -> None:
    output = "output = step_context.folder.parent / 'output.txt'\noutput.unlink()\noutput.mkdir()\nraise ValueError"
    steps.write("fault_first", output)
    steps.change("configs/pipeline/sums.yaml", "first: {", "first: {retries: 1, ")

    ended = steps.run()

    assert states(ended.state) == {"first": "failed", "second": "waiting", "other": "ran", "sum": "waiting"}
    assert ended.state.step("first").reason.startswith(
        f"{ended.state.folder}/steps/first/output.txt: could not be used"
    )


def test_a_file_that_is_not_there_is_told_before_anything_runs_and_behind_the_error_of_its_step(steps: Steps) -> None:
    steps.change("configs/pipeline/sums.yaml", 'table: "${step_output:second.table}"', "table: data/tabel.txt")
    told = (
        f"steps.sum.inputs.table = data/tabel.txt (configs/pipeline/sums.yaml:9): there is no such file below "
        f"{steps.root}, so it comes in as a text. Correct the path, if it is meant as one."
    )

    steps.plan()
    assert steps.said == [told]
    ended = steps.run().state
    assert ended.step("sum").reason == (
        "AttributeError: 'str' object has no attribute 'read_text' "
        "(the input table = data/tabel.txt came in as a text: there is no such file)"
    )
    steps.write("data/tabel.txt", "1 2")
    steps.said.clear()
    assert states(steps.run().state)["sum"] == "ran"
    assert told not in steps.said


@pytest.mark.parametrize("text", ["meta/Llama-3.1", "https://a.org/b.csv", "data/numbers", "b.csv", "${x}/b.csv"])
def test_a_text_that_may_be_no_path_is_not_told(steps: Steps, text: str) -> None:
    assert list(missing_files({"a": [text], "b": {"c": "data/numbers.txt"}}, Project(steps.root))) == []


def test_a_page_that_cannot_be_written_leaves_a_finished_pipeline_finished(steps: Steps) -> None:
    steps.write("fault_first", "(step_context.folder.parents[2] / 'report.html').mkdir()")

    ended = steps.run(only="first")

    assert (ended.exit_code, ended.state.status) == (0, "completed")
    assert steps.said[-1].startswith(f"There is no page of the pipeline: StorageError: {ended.state.folder}")


def test_no_step_takes_over_the_run_that_mlflow_run_made_for_the_whole(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "f" * 32)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "7")
    steps.write("fault_first", "Path('told').write_text(' '.join(name for name in os.environ if name[:6] == 'MLFLOW'))")

    ended = steps.run(only="first")

    assert ended.exit_code == 0
    assert (steps.root / "told").read_text() == "MLFLOW_EXPERIMENT_ID"
    assert (ended.state.folder / "report.html").is_file()


def test_a_step_goes_through_the_launcher_that_it_names_also_one_of_the_project(steps: Steps) -> None:
    steps.write("configs/hydra/launcher/mine.yaml", "defaults: [submitit_local]\ntimeout_min: 5\n")
    steps.change("configs/pipeline/sums.yaml", "first: {", "first: {launch: {launcher: mine, nodes: 1}, ")

    ended = steps.run(until="first")

    assert states(ended.state)["first"] == "ran"
    assert list(steps.root.rglob("launched/*/.submitit/*/*"))
    assert steps.calls() == ["first 1"]


def test_launch_settings_are_judged_before_anything_runs_and_no_launcher_changes_a_fingerprint(steps: Steps) -> None:
    launch = "launch: {launcher: submitit_local, timeout_min: 5, processes: 1}"
    steps.write("configs/pipeline/sums.yaml", f"steps:\n  train: {{experiment: digits_resnet, {launch}}}\n")
    (launched,) = plan_pipeline("sums", project=Project(steps.root)).decisions
    steps.change("configs/pipeline/sums.yaml", f", {launch}", "")
    (plain,) = plan_pipeline("sums", project=Project(steps.root)).decisions

    assert launched.action == "run" and launched.fingerprint is not None
    assert launched.fingerprint == plain.fingerprint
    steps.change("configs/pipeline/sums.yaml", "digits_resnet", "digits_resnet, launch: {launcher: submitit_lokal}")
    with pytest.raises(ConfigError, match=r"sums.yaml:2\): there is no launcher 'submitit_lokal'. Did you mean 'submi"):
        steps.run()
    assert not list(steps.root.glob("outputs/pipelines/sums"))


def test_retries_and_time_limits_hold_for_one_step(steps: Steps) -> None:
    fault = "import os\nos.remove('fault_first')\nraise OSError('the first time')"
    steps.write("fault_first", fault)
    steps.write("fault_second", "os.kill(os.getpid(), 9)")
    steps.change("configs/pipeline/sums.yaml", "first: {", "first: {retries: 1, ")

    ended = steps.run("pipeline.steps.other.time_limit=1s", "other:pause_s=30")

    assert states(ended.state) == {"first": "ran", "second": "failed", "other": "failed", "sum": "waiting"}
    assert ended.state.step("first").attempts == 2
    assert ended.state.step("second").reason == "its process was killed by signal 9"
    assert ended.state.step("other").reason == "its time limit of 1 s was reached"


def test_a_process_that_ends_well_without_giving_anything_has_failed(steps: Steps) -> None:
    steps.write("fault_other", "os._exit(0)")

    ended = steps.run(only="other")

    reason = "its process ended with code 0 before it had written down what it gives"
    assert ended.state.step("other").reason == reason


def test_an_input_that_changes_while_its_step_runs_is_an_error(steps: Steps) -> None:
    steps.write("fault_first", "Path('data/numbers.txt').write_text('9 9')")

    ended = steps.run(until="first")

    assert ended.exit_code == 1
    assert ended.state.step("first").reason.startswith("The input numbers changed while the step ran: ")
    assert steps.plan(until="first")[0][1] == "run"


def test_independent_steps_run_at_the_same_time(steps: Steps) -> None:
    meet = "Path('here_{}').touch()\ndeadline = time.time() + 20\nwhile not Path('here_{}').exists():\n    "
    meet += "assert time.time() < deadline\n    time.sleep(0.01)"
    steps.write("fault_first", meet.format("first", "other"))
    steps.write("fault_other", meet.format("other", "first"))

    ended = steps.run("pipeline.parallel=2")

    assert ended.exit_code == 0


def test_two_pipelines_at_once_do_a_step_once(steps: Steps) -> None:
    ended = []
    threads = [threading.Thread(target=lambda: ended.append(steps.run("first:pause_s=0.5"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [item.exit_code for item in ended] == [0, 0]
    assert sorted(call.split()[0] for call in steps.calls()) == sorted(ALL)
    assert len({item.state.folder for item in ended}) == 2


def test_another_pipeline_takes_what_a_step_gave(steps: Steps) -> None:
    steps.run(only="first")
    text = (steps.root / "configs/pipeline/sums.yaml").read_text()
    steps.write("configs/pipeline/sums.yaml", text.replace("name: sums", "name: others"))

    first, *_ = steps.plan()

    assert first == ("first", "skip", "nothing has changed")


def test_flags_choose_steps_and_take_what_was_done_last(steps: Steps) -> None:
    with pytest.raises(InputError, match="--only sum: sum needs what second gives, and second has never been done"):
        steps.run(only="sum")
    steps.run()

    plan = steps.plan("second:scale=5.0", from_="sum")
    assert plan[0][1:] == ("leave out", "left out by --from sum")
    assert plan[1][2] == "left out by --from sum: what it gave last is taken, although scale: 2.0 -> 5.0"
    assert plan[3][1] == "skip"
    assert [item[1] for item in steps.plan(force="second", until="second")] == ["skip", "run", "leave out", "leave out"]


FLAGS = [
    ({"only": "secnd"}, "--only secnd: there is no such step. Did you mean 'second'?"),
    ({"only": "sum", "until": "sum"}, "--only goes with neither --from nor --until"),
    ({"force": "other", "until": "sum"}, "--force other: the step is left out by the other flags"),
    ({"from_": "other", "until": "sum"}, "no step lies between them"),
]


@pytest.mark.parametrize(("flags", "text"), FLAGS)
def test_flags_that_make_no_sense_are_refused(steps: Steps, flags: dict[str, str], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        steps.plan(**flags)


@pytest.mark.parametrize(
    ("damage", "text"),
    [("{", "is damaged"), ('{"format_version": 9}', "is of version 9"), ('{"format_version": 1}', "is no record")],
)
def test_a_record_that_cannot_be_used_is_said_and_its_step_runs_again(steps: Steps, damage: str, text: str) -> None:
    ended = steps.run(only="other")
    fingerprint = ended.state.step("other").fingerprint
    (record,) = (steps.root / "outputs/pipelines/.cache/steps").glob(f"{fingerprint}.json")
    record.write_text(damage)

    plan = steps.plan(only="other")

    assert plan[2][1:] == ("run", "what it gave is no longer recorded")
    assert any(text in line and "its step runs again" in line for line in steps.said)


def test_what_was_done_while_the_runner_was_killed_is_not_done_again(steps: Steps) -> None:
    ended = steps.run(only="other")
    fingerprint = ended.state.step("other").fingerprint
    cache = steps.root / "outputs/pipelines/.cache"
    (cache / "steps" / f"{fingerprint}.json").unlink()  # killed between the step's end and its record
    begun = {"format_version": 1, "folder": ended.state.step("other").folder}
    (cache / "begun" / f"{fingerprint}.json").write_text(json.dumps(begun))
    steps.calls()

    again = steps.run(only="other")

    assert states(again.state)["other"] == "ran"
    assert steps.calls() == []


def test_a_pipeline_whose_runner_is_gone_has_died(steps: Steps) -> None:
    ended = steps.run(only="other").state
    running = replace(ended.step("other"), state="running")
    content = replace(ended.with_step(running), status="running").to_json()
    (ended.folder / "pipeline.json").write_text(json.dumps(content))

    state = read_state(ended.folder)

    assert (state.status, state.step("other").state) == ("died", "interrupted")


def test_what_was_made_of_a_changed_input_is_not_taken_when_the_input_is_as_before(steps: Steps) -> None:
    steps.write("fault_first", "(step_context.project.root / 'data/numbers.txt').write_text('7 7 7')")
    refused = steps.run()
    assert refused.state.step("first").reason.startswith("The input numbers changed while the step ran")
    (steps.root / "fault_first").unlink()
    steps.write("data/numbers.txt", "1 2 4")

    ended = steps.run()

    assert ended.state.folder == refused.state.folder
    assert ended.state.step("first").folder == f"{refused.state.step('first').folder}.2"
    assert output_of(ended.state, "sum", "total") == 14.0


def test_an_output_that_is_lost_before_it_was_recorded_is_made_anew(steps: Steps) -> None:
    lost = "import atexit; atexit.register((step_context.folder / 'table.txt').unlink)"
    steps.write("fault_first", lost)
    failed = steps.run()
    assert failed.state.step("first").reason.startswith("An output is gone, table: ")
    (steps.root / "fault_first").unlink()

    assert steps.run().exit_code == 0


def test_a_step_that_was_begun_goes_on_by_the_present_configs_and_trust(steps: Steps) -> None:
    steps.write("fault_first", "raise ValueError('upside down')")
    begun = Path(str(steps.run(only="first").state.step("first").folder), "step.json")
    (steps.root / "fault_first").unlink()
    task = json.loads(begun.read_text())
    strange = {"node": {"_target_": "shutil.rmtree", "path": str(steps.root)}, "trust": ["shutil.rmtree"]}
    begun.write_text(json.dumps({**task, **strange}))

    ended = steps.run(only="first")

    assert (ended.exit_code, ended.state.step("first").attempts) == (0, 2)
    assert json.loads(begun.read_text()) == {**task, "attempt": 2}


def test_a_step_whose_input_changes_while_it_waits_is_run_under_the_lock_of_what_it_is_now(steps: Steps) -> None:
    locks = "outputs/pipelines/.cache/locks"
    steps.write("fault_first", f"(step_context.folder / 'locks').write_text(str(os.listdir('{locks}')))")
    planned = plan_pipeline("sums", project=Project(steps.root))
    before = planned.decisions[0].fingerprint
    assert before is not None
    lock = planned.planner.cache.lock(before.hash)
    assert lock.acquire(bool, list)

    def change() -> None:
        steps.write("data/numbers.txt", "5 5")
        lock.release()

    threading.Timer(1.5, change).start()
    first = steps.run(only="first").state.step("first")

    assert first.fingerprint not in (None, before.hash)
    assert f"{first.fingerprint}.lock" in Path(str(first.folder), "files", "locks").read_text()
