"""What makes files durable."""

from __future__ import annotations

import gc
from pathlib import Path

from gosync.store.durable import sync_filesystem


def test_a_sync_leaves_nothing_to_the_cycle_collector(tmp_path: Path):
    sync_filesystem(tmp_path)  # opens the C library
    gc.collect()
    for _ in range(3):
        sync_filesystem(tmp_path)
    assert gc.collect() == 0
