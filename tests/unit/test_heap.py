"""Python's garbage collector: when it rests, what it leaves alone, and that it goes on afterwards."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from accelerator.heap import frozen_heap, import_heavy, leave_heap, uncollected


def test_what_exists_is_left_alone_within_the_block_and_collected_again_after_it() -> None:
    before = gc.get_freeze_count()

    with frozen_heap():
        within = gc.get_freeze_count()

    assert within > before + 1000
    assert gc.get_freeze_count() == 0


def test_nothing_is_collected_during_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy_one.py").write_text("import gc\nWAS_COLLECTING = gc.isenabled()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "heavy_one", raising=False)

    try:
        assert import_heavy("heavy_one").WAS_COLLECTING is False
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1000
        gc.unfreeze()
        assert import_heavy("heavy_one") is sys.modules["heavy_one"]
        assert gc.get_freeze_count() == 0
    finally:
        gc.unfreeze()


def test_a_collector_that_rested_goes_on_resting() -> None:
    gc.disable()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_import_that_fails_leaves_the_collector_as_it_was() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        import_heavy("no_such_module")
    assert gc.isenabled()


def test_a_process_that_ends_is_not_looked_through() -> None:
    leave_heap()
    try:
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()


LEAVES_A_FILE_OPEN = """
import sys, types
from accelerator.heap import leave

sys.modules["torch"] = types.ModuleType("torch")  # what tells that user's code has run
circle = [open(sys.argv[1], "w"), open(sys.argv[1] + ".closed", "w")]
circle[1].close()
circle.append(circle)
circle[0].write("kept")
del circle
leave(3)
"""


def test_what_is_left_open_in_a_circle_is_written_out_at_the_end(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", LEAVES_A_FILE_OPEN, str(tmp_path / "notes")], check=False)

    assert (ended.returncode, (tmp_path / "notes").read_text()) == (3, "kept")
