"""Python's garbage collector during a run."""

import gc

from accelerator.runtime.loop.heap import frozen_heap


def test_what_exists_is_left_alone_within_the_block_and_collected_again_after_it() -> None:
    before = gc.get_freeze_count()

    with frozen_heap():
        within = gc.get_freeze_count()

    assert within > before + 1000
    assert gc.get_freeze_count() == 0
