"""Claims: runs side by side share rows out; what nobody draws is let go."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.leases import Lease, fetch_lease
from gosync.catalog.versions import FoundBy, Need, State, VersionRow
from gosync.clock import SystemClock
from gosync.errors import InterruptedRunError
from gosync.sync.claims import AHEAD, Claims
from gosync.work.stop import Stop

ROWS = [
    VersionRow(
        path="example.com/m",
        version=f"v1.{number}.0",
        state=State.WANTED,
        need=Need.ZIP,
        found_by=FoundBy.CONFIG,
    )
    for number in range(AHEAD + 3)
]


@pytest.fixture
def holders(tmp_path: Path) -> Iterator[tuple[LeaseHolder, LeaseHolder]]:
    """Two runs of one catalog."""
    path, clock = tmp_path / "catalog.sqlite", SystemClock()
    with (
        Catalog.open(path, create=True) as one,
        Catalog.open(path, create=False) as two,
        one.hold(command="a sync", clock=clock) as ours,
        two.hold(command="another", clock=clock) as theirs,
    ):
        yield ours, theirs


def _are_free(holder: LeaseHolder, rows: list[VersionRow]) -> bool:
    return all(isinstance(holder.try_take(fetch_lease(row.mv)), Lease) for row in rows)


def test_each_row_is_one_run_s(holders: tuple[LeaseHolder, LeaseHolder]):
    ours, theirs = holders
    theirs.take(fetch_lease(ROWS[1].mv))
    claims = Claims(ours, ROWS, None, version=attrgetter("mv"))
    assert list(claims) == [ROWS[0], *ROWS[2:]]
    assert claims.elsewhere == [ROWS[1]]
    assert not any(_are_free(theirs, [row]) for row in [ROWS[0], *ROWS[2:]])


def test_what_nobody_drew_is_let_go(holders: tuple[LeaseHolder, LeaseHolder]):
    ours, theirs = holders
    claims = Claims(ours, ROWS, None, version=attrgetter("mv"))
    assert next(iter(claims)) == ROWS[0]
    assert not _are_free(theirs, [ROWS[AHEAD - 1]])
    claims.release()
    assert _are_free(theirs, ROWS[1:])
    assert not _are_free(theirs, ROWS[:1]), "this one is being fetched"


def test_after_a_stop_no_row_is_begun(holders: tuple[LeaseHolder, LeaseHolder]):
    ours, theirs = holders
    stop = Stop()
    claims = Claims(ours, ROWS, stop, version=attrgetter("mv"))
    rows = iter(claims)
    assert next(rows) == ROWS[0]
    stop.request(InterruptedRunError(signal.SIGTERM))
    assert list(rows) == []
    claims.release()
    assert _are_free(theirs, ROWS[1:])
