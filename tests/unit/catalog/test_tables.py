"""Modules, failures, cursors, heads, pins, trees and runs."""

from __future__ import annotations

from asyncio import CancelledError
from datetime import UTC, datetime, timedelta

import pytest

from gosync.catalog.cursors import CursorMove, sort_key
from gosync.catalog.db import Catalog
from gosync.catalog.failures import MAX_REASON_CHARACTERS, back_off_seconds
from gosync.catalog.modules import Module
from gosync.catalog.pins import Pin
from gosync.catalog.trees import TreeState
from gosync.clock import SystemClock, format_time
from gosync.errors import (
    CatalogError,
    ChecksumMismatchError,
    InterruptedRunError,
    MalformedError,
    RejectedError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://index"


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def _due(catalog, now=NOW, interval_seconds=3600):
    due = catalog.modules.due(now, interval_seconds=interval_seconds)
    return [module.path for module in due]


def test_a_module_is_due_until_listed_and_again_after_the_interval(catalog):
    modules = catalog.modules
    assert modules.track([Module("b"), Module("a", private=True)]) == 2
    assert modules.track([Module("b"), Module("a", private=True)]) == 0
    assert _due(catalog) == ["a", "b"]
    modules.listed("a", NOW, list_digest="0" * 64, pseudo_only=True, latest="v1.0.0")
    assert _due(catalog) == ["b"]
    assert _due(catalog, NOW + timedelta(hours=1)) == ["a", "b"]
    assert _due(catalog, interval_seconds=0) == ["a", "b"]
    assert modules.get("a") == Module(
        "a",
        private=True,
        listed_at=format_time(NOW),
        list_digest="0" * 64,
        pseudo_only=True,
        latest="v1.0.0",
    )
    modules.listed_again(["a", "b"], NOW + timedelta(hours=1))
    assert _due(catalog, NOW + timedelta(hours=1)) == []
    assert modules.get("a").latest == "v1.0.0"


def test_a_module_that_is_followed_no_longer_is_forgotten(catalog):
    catalog.modules.track([Module("a")])
    assert catalog.modules.untrack(["a", "b"]) == 1
    assert catalog.modules.all() == []
    assert catalog.modules.get("a") is None


def test_a_module_whose_list_failed_waits_for_its_next_try(catalog):
    catalog.modules.track([Module("a"), Module("b")])
    for _ in range(2):
        catalog.failures.record(
            ModuleVersion("a", ""), kind="list", error=UnavailableError("x"), now=NOW
        )
    assert _due(catalog) == ["b"]
    assert _due(catalog, NOW + timedelta(minutes=1)) == ["a", "b"]
    assert catalog.failures.clear([ModuleVersion("a", "")]) == 1
    assert _due(catalog) == ["a", "b"]


def test_back_off_doubles_from_a_minute_to_a_day():
    seconds = [back_off_seconds(n) for n in range(1, 16)]
    assert seconds[:4] == [0, 60, 120, 240]
    assert seconds[-1] == back_off_seconds(10**9) == 86_400
    assert seconds == sorted(seconds)


def test_evidence_of_misbehaviour_outweighs_a_lack_of_an_answer(catalog):
    wrong = ChecksumMismatchError("a.b/c", want="h1:a", got="h1:b", authority="the log")
    catalog.failures.record(
        ModuleVersion("a.b/c", "v1.0.0"), kind="version", error=wrong, now=NOW
    )

    away = UnavailableError("away")
    after = catalog.failures.record(
        ModuleVersion("a.b/c", "v1.0.0"), kind="version", error=away, now=NOW
    )

    assert (after.error, after.exit_code) == ("ChecksumMismatchError", 6)
    assert after.attempts == 2


def test_a_failure_keeps_its_beginning_and_counts(catalog):
    later = NOW + timedelta(minutes=5)
    first = catalog.failures.record(
        ModuleVersion("m", "v1.0.0"),
        kind="zip",
        error=UnavailableError("no route"),
        now=NOW,
    )
    assert (first.attempts, first.next_try_at) == (1, format_time(NOW))
    again = catalog.failures.record(
        ModuleVersion("m", "v1.0.0"),
        kind="info",
        error=RejectedError("x" * 9_999),
        now=later,
    )
    assert again == catalog.failures.get(ModuleVersion("m", "v1.0.0"))
    assert (again.attempts, again.kind, again.error) == (2, "info", "RejectedError")
    assert (again.first_at, again.last_at) == (format_time(NOW), format_time(later))
    assert again.next_try_at == format_time(later + timedelta(seconds=60))
    assert len(again.reason) == MAX_REASON_CHARACTERS
    assert again.exit_code == 3
    assert catalog.failures.open() == [again]
    assert catalog.failures.count() == 1
    assert (
        catalog.failures.clear([ModuleVersion("m", f"v{n}.0.0") for n in (1, 2)]) == 1
    )
    assert catalog.failures.count() == 0


@pytest.mark.parametrize(
    ("retry_after", "want"), [(None, 0), (30.0, 30), (1e9, 86_400)]
)
def test_retry_after_is_respected_up_to_a_day(catalog, retry_after, want):
    error = UpstreamStatusError("429", status=429, retry_after_seconds=retry_after)
    failure = catalog.failures.record(
        ModuleVersion("m", ""), kind="list", error=error, now=NOW
    )
    assert failure.next_try_at == format_time(NOW + timedelta(seconds=want))


def test_a_cursor_moves_on_from_where_it_was_read_and_compares_times(catalog):
    cursors = catalog.cursors
    stand = cursors.read(URL, ["a/*", "b/*"])
    assert stand == {"a/*": None, "b/*": None}
    stand = cursors.move(URL, stand, "2026-01-01T00:00:00.5Z").now
    assert set(stand.values()) == {"2026-01-01T00:00:00.5Z"}
    for earlier in ("2026-01-01T00:00:00.49Z", "2026-01-01T00:00:00.500Z"):
        assert cursors.move(URL, stand, earlier) == CursorMove(stand, ())
    cursors.move(URL, {"a/*": stand["a/*"]}, "2026-01-01T00:00:00.51Z")
    assert cursors.get(URL, "a/*") == "2026-01-01T00:00:00.51Z"
    assert cursors.get(URL, "b/*") == "2026-01-01T00:00:00.5Z"
    assert cursors.get("https://other", "a/*") is None


@pytest.mark.parametrize(
    "other", [None, "2026-01-01T00:00:01Z", "2026-01-05T00:00:00Z"]
)
def test_a_cursor_that_another_run_moved_stays_as_it_is(catalog, other):
    cursors, since = catalog.cursors, "2026-01-02T00:00:00Z"
    cursors.move(URL, {"a": None, "b": None}, since)
    stand = cursors.read(URL, ["a", "b"])
    catalog.cursors._connection.write("DELETE FROM cursors WHERE pattern = 'a'")
    if other is not None:
        cursors.move(URL, {"a": None}, other)
    move = cursors.move(URL, stand, "2026-01-03T00:00:00Z")
    assert move == CursorMove({"b": "2026-01-03T00:00:00Z"}, ("a",))
    assert cursors.read(URL, ["a", "b"]) == {**move.now, "a": other}


def test_a_cursor_that_was_to_be_the_first_stays_as_it_is(catalog):
    catalog.cursors.move(URL, {"a": None}, "2026-01-01T00:00:00Z")
    move = catalog.cursors.move(URL, {"a": None}, "2026-01-02T00:00:00Z")
    assert move == CursorMove({}, ("a",))
    assert catalog.cursors.get(URL, "a") == "2026-01-01T00:00:00Z"


def test_the_lowest_cursor_is_the_beginning_when_a_pattern_is_new(catalog):
    cursors = catalog.cursors
    cursors.move(URL, {"a": None}, "2026-01-01T00:00:00Z")
    cursors.move(URL, {"b": None}, "2026-01-01T00:00:00.1Z")
    assert cursors.lowest(URL, ["a", "b"]) == "2026-01-01T00:00:00Z"
    assert cursors.lowest(URL, ["b"]) == "2026-01-01T00:00:00.1Z"
    assert cursors.lowest(URL, ["a", "b", "new"]) is None
    assert cursors.lowest(URL, []) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+01:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "x" * 99,
    ],
)
def test_a_time_stamp_that_does_not_sort_is_refused(catalog, text):
    with pytest.raises(MalformedError):
        sort_key(text)
    with pytest.raises(MalformedError):
        catalog.cursors.move(URL, {"a": None}, text)


def test_the_trusted_head_is_replaced_by_compare_and_swap(catalog):
    heads = catalog.heads
    assert heads.get("db") == b""
    assert not heads.swap("db", b"other", b"one")
    assert heads.swap("db", b"", b"one")
    assert not heads.swap("db", b"", b"two")
    assert not heads.swap("db", b"zero", b"two")
    assert heads.swap("db", b"one", b"two")
    assert heads.get("db") == b"two"
    assert heads.names() == ["db"]


def test_published_heads_are_kept_by_tree(catalog):
    heads = catalog.heads
    assert heads.add_published("db", "t1", tree_size=600, note=b"x")
    assert heads.add_published("db", "t1", tree_size=268, note=b"x")
    assert not heads.add_published("db", "t1", tree_size=600, note=b"x")
    assert heads.add_published("db", "t2", tree_size=1, note=b"x")
    assert heads.published("db", "t1") == [268, 600]
    assert heads.published("other", "t1") == []


def test_a_pin_is_what_was_seen_first(catalog):
    pins = catalog.pins
    assert pins.get(ModuleVersion("m", "v1")) is None
    first = Pin("h1:mod")
    assert pins.pin(ModuleVersion("m", "v1"), seen=first, now=NOW) == first
    assert (
        pins.pin(ModuleVersion("m", "v1"), seen=Pin("h1:other", "h1:z"), now=NOW)
        == first
    )
    whole = Pin("h1:mod", "h1:zip")
    assert pins.pin(ModuleVersion("m", "v1"), seen=whole, now=NOW) == whole
    assert (
        pins.pin(ModuleVersion("m", "v1"), seen=Pin("h1:mod", "h1:other"), now=NOW)
        == whole
    )
    assert pins.pin(ModuleVersion("m", "v1"), seen=first, now=NOW) == whole
    assert pins.get(ModuleVersion("m", "v1")) == whole


def test_the_schema_refuses_to_change_a_pin(catalog):
    catalog.pins.pin(ModuleVersion("m", "v1"), seen=Pin("h1:mod", "h1:zip"), now=NOW)
    for column in ("mod_h1", "zip_h1"):
        with pytest.raises(CatalogError, match="never changes"):
            catalog._connection.write(f"UPDATE pins SET {column} = 'h1:evil'")
    with pytest.raises(CatalogError, match="never changes"):
        catalog._connection.write("UPDATE pins SET zip_h1 = NULL")


def test_a_tree_s_state_is_kept(catalog):
    state = TreeState("/srv", 7, "0f", format_time(NOW))
    assert catalog.trees.get("/srv") is None
    catalog.trees.put(state)
    catalog.trees.put(state)
    assert catalog.trees.get("/srv") == state
    assert catalog.trees.all() == [state]


def test_a_run_has_an_end_unless_it_was_killed(catalog):
    runs = catalog.runs
    killed = runs.start("sync", NOW)
    run_id = runs.start("publish", NOW)
    runs.finish(run_id, NOW, exit_code=3, requests=7, received_bytes=9, summary="{}")
    newest, oldest = runs.latest(limit=5)
    assert (newest.id, newest.exit_code, newest.requests) == (run_id, 3, 7)
    assert (oldest.id, oldest.ended_at, oldest.exit_code) == (killed, None, None)
    assert runs.latest() == [newest]
    assert not any(run.was_stopped for run in (newest, oldest))


@pytest.mark.parametrize(
    ("error", "code", "stopped"),
    [
        (CatalogError("the disk"), 7, False),
        (KeyError("a bug"), 1, False),
        (InterruptedRunError(2), 130, True),
        (CancelledError(), None, True),
    ],
)
def test_a_run_that_does_not_finish_says_how_it_ended(catalog, error, code, stopped):
    with pytest.raises(type(error)), catalog.runs.during("sync", SystemClock()):
        raise error
    (run,) = catalog.runs.latest()
    assert (run.exit_code, run.was_stopped) == (code, stopped)
    assert run.ended_at is not None
