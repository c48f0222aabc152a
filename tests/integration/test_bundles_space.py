"""An import says beforehand whether it fits, and needs no more than it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.pair import Machines, Pair, bulky
from tests.integration.site import NO_SPACE, OK, files_below
from tests.integration.test_crash_disk import disk
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

MODULES = 12
STEP_BYTES = 256 << 10
MOST_BYTES = 6 << 20


def test_an_import_that_does_not_fit_says_so_and_writes_nothing(tmp_path: Path):
    codes: list[int] = []
    with Simulator() as sim, Machines() as machines:
        for number in range(MODULES):
            sim.publish(bulky(f"std.example/bulk{number}"))
        pair = Pair(tmp_path, sim, machines, modules=["std.example/*"])
        pair.sync()
        full = pair.make()
        for size_bytes in range(2 * STEP_BYTES, MOST_BYTES, STEP_BYTES):
            folder = tmp_path / f"inside{size_bytes}"
            with disk(folder, size_bytes):
                site = pair.new_inside(folder)
                site.declare(store={"path": "store", "min_free": "0"})
                run = pair.take(full, expect=None, site=site)
                codes.append(run.code)
                if run.code == OK:
                    pair.check(site)
                    break
                assert run.code == NO_SPACE, run.stderr
                assert "bytes free" in run.document["message"], "said, not met"
                assert files_below(site.store / "blobs") == []
    assert codes[-1] == OK
    assert len(codes) > 1
