"""What is due, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gosync.config.duties import JobSpec
from gosync.daemon.timetable import Timetable
from gosync.schedule import Schedule

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
MINUTE, YEAR = timedelta(minutes=1), timedelta(days=365)
SYNC = JobSpec("sync", Schedule(interval_seconds=600, jitter_seconds=60), 60)
AUDIT = JobSpec("audit", Schedule(cron="0 3 * * *"), 60)
PRUNE = JobSpec("prune", None, 60)


def test_what_never_ran_is_due_at_once_in_the_order_of_the_jobs():
    table = Timetable([SYNC, AUDIT, PRUNE], {}, NOW)

    assert table.due(NOW) is SYNC
    table.plan("sync", NOW + MINUTE)
    assert table.due(NOW) is AUDIT
    table.plan("audit", NOW + MINUTE)
    assert table.due(NOW) is None
    assert table.wait_seconds(NOW) == 60


def test_what_has_been_due_for_longest_goes_first():
    table = Timetable([SYNC, AUDIT], {"sync": NOW, "audit": NOW - MINUTE}, NOW)

    assert table.due(NOW) is AUDIT


def test_a_job_without_a_schedule_is_never_due():
    table = Timetable([PRUNE], {"prune": NOW - YEAR}, NOW)

    assert table.due(NOW) is None
    assert table.wait_seconds(NOW) is None


def test_a_reload_keeps_what_is_planned_unless_that_is_too_late_now():
    table = Timetable([SYNC], {"sync": NOW + 5 * MINUTE}, NOW)

    table.replace([SYNC, AUDIT], NOW)
    assert table.next_runs() == {"sync": NOW + 5 * MINUTE, "audit": NOW}

    often = JobSpec("sync", Schedule(interval_seconds=60), 60)
    table.replace([often], NOW)
    assert table.wait_seconds(NOW) == 60

    table.plan("audit", NOW)  # it ended after the reload took it off
    assert table.due(NOW) is None


def test_a_clock_that_went_back_makes_no_job_wait_for_its_old_time():
    table = Timetable([SYNC, AUDIT], {"sync": NOW + YEAR, "audit": NOW + YEAR}, NOW)

    wait_seconds = table.wait_seconds(NOW)

    assert wait_seconds is not None
    assert wait_seconds <= 660


@given(st.lists(st.integers(-400, 400), max_size=30))
def test_however_the_clock_jumps_a_job_runs_once_for_what_it_missed(jumps: list[int]):
    now = NOW
    table = Timetable([SYNC], {}, now)
    assert SYNC.schedule is not None
    for days in jumps:
        now += timedelta(days=days)
        runs = 0
        while table.due(now) is not None:
            table.plan("sync", SYNC.schedule.next_after(now, now))
            runs += 1
        assert runs <= 1
        wait_seconds = table.wait_seconds(now)
        assert wait_seconds is not None
        assert 0 < wait_seconds <= 660
