"""The table of jobs: what a daemon remembers over a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.jobs import JobRow

T = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT = "2026-01-01T{:02}:00:00.000000Z"


@pytest.fixture
def catalog(tmp_path: Path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as opened:
        yield opened


def _row(catalog: Catalog) -> JobRow:
    row = catalog.jobs.get("sync")
    assert row is not None
    return row


def _run(catalog: Catalog, hour: int, code: int) -> None:
    start = T + hour * HOUR
    catalog.jobs.start("sync", start, start + 2 * HOUR)
    catalog.jobs.finish(
        "sync",
        start + HOUR,
        exit_code=code,
        is_good=code in (0, 4),
        error="why" if code else "",
        summary="{}",
    )


def test_a_run_that_began_and_did_not_end_was_killed(catalog: Catalog):
    assert catalog.jobs.get("sync") is None
    _run(catalog, 0, 0)
    catalog.jobs.start("sync", T + 2 * HOUR, None)

    row = _row(catalog)
    assert (row.started_at, row.ended_at, row.exit_code) == (AT.format(2), None, None)
    assert row.next_run_at is None
    assert row.succeeded_at == AT.format(1)


def test_failures_are_counted_in_a_row_and_a_good_end_forgets_them(catalog: Catalog):
    for hour, code in enumerate((3, 75, 6)):
        _run(catalog, hour, code)
    catalog.jobs.told("sync", T)
    assert (_row(catalog).failures, _row(catalog).told_at) == (3, AT.format(0))

    _run(catalog, 4, 4)  # findings stand open: a good end

    row = _row(catalog)
    assert (row.failures, row.told_at, row.exit_code) == (0, None, 4)
    assert row.succeeded_at == AT.format(5)


def test_a_run_that_a_signal_ended_is_due_and_no_failure(catalog: Catalog):
    _run(catalog, 0, 3)
    catalog.jobs.start("sync", T + 2 * HOUR, T + 9 * HOUR)
    catalog.jobs.interrupt("sync", T + 3 * HOUR, exit_code=143)

    row = _row(catalog)
    assert (row.exit_code, row.next_run_at, row.failures) == (143, AT.format(3), 1)
    assert catalog.jobs.all() == [row]


def test_of_runs_the_newest_are_kept(catalog: Catalog):
    for _ in range(5):
        catalog.runs.start("sync", T)

    catalog.runs.trim(keep=2)

    assert [run.id for run in catalog.runs.latest(limit=9)] == [5, 4]
