"""Leases and announcements: one holder each, that a crash, but nothing else, ends."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from gosync.catalog import holders as holder_module
from gosync.catalog import lease_holder
from gosync.catalog.db import Catalog
from gosync.catalog.holders import HolderRow, ProcessId, is_gone, this_process
from gosync.catalog.leases import Lease, Leases, publish_lease
from gosync.clock import SystemClock
from gosync.errors import CatalogError, LeaseLostError, LockedError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_PROGRAM = """
import pathlib, sys, time
from gosync.catalog.db import Catalog
from gosync.clock import SystemClock
catalog = Catalog.open(pathlib.Path(sys.argv[1]), create=True)
holder = catalog.hold(command="gosync sync", clock=SystemClock())
holder.take("select")
holder.announce(["d" * 64])
print("held", flush=True)
sys.stdin.read()
"""


class Away:
    """A clock that can be set."""

    def __init__(self):
        self.at = NOW

    def now(self):
        return self.at

    def monotonic(self):
        return time.monotonic()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def catalog(path):
    with Catalog.open(path, create=True) as catalog:
        yield catalog


@pytest.fixture
def other(path, catalog):
    """The same catalog, as another run of this process has it open."""
    with Catalog.open(path, create=False) as other:
        yield other


def _hold(catalog, command="a test", clock=None):
    return catalog.hold(command=command, clock=clock or SystemClock())


@pytest.fixture
def process(path, catalog):
    """Another process that holds "select" and relies on a digest."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lease_has_one_holder_and_names_it(catalog, other):
    with _hold(catalog, "gosync\n sync") as mine, _hold(other) as theirs:
        mine.take("select")
        with pytest.raises(LockedError, match=r"select: held by pid \d+ \(gosync sync"):
            theirs.take("select")
        theirs.take("audit")
        assert catalog.leases.names() == {mine.id: ["select"], theirs.id: ["audit"]}
        mine.release("select")
        theirs.take("select")


def test_fences_grow_for_ever(catalog, other):
    seen = []
    for _ in range(3):
        for each in (catalog, other):
            with _hold(each) as holder:
                seen += [holder.take(name).fence for name in ("select", "audit")]
    assert seen == sorted(set(seen))
    assert catalog.holders.all() == []


def test_a_lease_nests_in_its_run(catalog, other):
    with _hold(catalog) as mine, _hold(other) as theirs:
        with mine.held("select") as outer:
            with mine.held("select") as inner:
                assert inner == outer
            with pytest.raises(LockedError):
                theirs.take("select")
        assert isinstance(theirs.try_take("select"), Lease)


@contextmanager
def no_lease_ends(monkeypatch):
    """A catalog in which the end of a lease cannot be written."""

    def refuse(_leases, _lease):
        raise CatalogError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Leases, "remove", refuse)
        yield


def test_of_several_leases_those_that_are_free_are_taken(catalog, other):
    with _hold(catalog) as mine, _hold(other) as theirs:
        theirs.take("b")
        mine.take("c")
        answers = mine.try_take_all(["a", "b", "c"])
        assert [isinstance(answers[each], Lease) for each in "abc"] == [1, 0, 1]
        assert answers["b"].id == theirs.id
        assert not isinstance(theirs.try_take("a"), Lease)
        mine.release("c")
        assert not isinstance(theirs.try_take("c"), Lease), "it was taken twice"
        for each in "ac":
            mine.release(each)
            assert isinstance(theirs.try_take(each), Lease)


def test_of_several_leases_all_or_none_are_written(catalog, other, monkeypatch):
    def fail_at_the_second(self, name, *arguments):
        if name == "b":
            raise CatalogError("the disk is full")
        return put(self, name, *arguments)

    put = Leases.put
    with _hold(catalog) as mine, _hold(other) as theirs:
        with monkeypatch.context() as patched:
            patched.setattr(Leases, "put", fail_at_the_second)
            with pytest.raises(CatalogError):
                mine.try_take_all(["a", "b"])
        assert isinstance(theirs.try_take("a"), Lease)
        assert not isinstance(mine.try_take("a"), Lease)
        assert isinstance(mine.try_take("b"), Lease)


def test_a_run_takes_a_lease_again_whose_end_could_not_be_written(catalog, monkeypatch):
    with catalog.hold(command="gosync run", clock=SystemClock()) as run:
        first = run.take("select")
        with no_lease_ends(monkeypatch):
            run.release("select")
        assert run.take("select").fence > first.fence


def test_a_heartbeat_ends_a_lease_whose_end_could_not_be_written(
    catalog, other, monkeypatch
):
    monkeypatch.setattr(lease_holder, "BEAT_SECONDS", 0.01)
    with (
        catalog.hold(command="gosync run", clock=SystemClock()) as run,
        other.hold(command="gosync sync", clock=SystemClock()) as waits,
    ):
        run.take("select")
        with no_lease_ends(monkeypatch):
            run.release("select")
            assert isinstance(waits.try_take("select"), HolderRow)
        waits.take("select", wait_seconds=60)


def test_a_killed_process_lets_go_at_once(catalog, process):
    with _hold(catalog) as mine:
        with pytest.raises(LockedError, match=f"pid {process.pid} "):
            mine.take("select")
        assert catalog.announcements.among(["d" * 64, "e" * 64]) == {"d" * 64}
        process.kill()
        mine.take("select", wait_seconds=10)  # it is not waited for: a zombie
        assert catalog.announcements.among(["d" * 64]) == set()
        assert [each.id for each in catalog.holders.all()] == [mine.id]


def test_a_new_run_removes_who_is_gone(catalog, process):
    process.kill()
    process.wait()
    assert len(catalog.holders.all()) == 1
    assert catalog.holders.alive(NOW) == []
    with _hold(catalog) as mine:
        assert [each.id for each in catalog.holders.all()] == [mine.id]


def test_a_pid_that_was_given_again_is_somebody_else():
    here = this_process()
    assert here.started > 0
    assert here.place
    row = HolderRow(1, here.pid, here.started, here.place, "", _time(NOW), _time(NOW))
    assert not is_gone(row, NOW + timedelta(days=1))
    for wrong in (here.started - 1, here.started + 1):
        assert is_gone(HolderRow(**{**_fields(row), "started": wrong}), NOW)


@pytest.mark.parametrize("place", ["", "another boot pid:[1]"])
@pytest.mark.parametrize("sign", [1, -1])  # a clock may be set back
def test_elsewhere_the_heartbeat_decides(place, sign):
    here = this_process()
    row = HolderRow(1, here.pid, here.started, place, "", _time(NOW), _time(NOW))
    assert not is_gone(row, NOW + sign * timedelta(seconds=59))
    assert is_gone(row, NOW + sign * timedelta(seconds=61))


def _time(moment):
    return moment.isoformat().replace("+00:00", "Z")


def _fields(row):
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_nothing_is_committed_under_a_lease_that_is_lost(catalog, other, monkeypatch):
    clock = Away()
    with _hold(catalog, clock=clock) as mine:
        mine.take("select")
        # It runs in another container, and was stopped for two minutes.
        with catalog.transaction():
            catalog._connection.write("UPDATE holders SET place = 'elsewhere'")
        later = Away()
        later.at = NOW + timedelta(minutes=2)
        with _hold(other, clock=later) as theirs:
            theirs.take("select")
            with pytest.raises(LeaseLostError, match="it lost select") as caught:
                catalog.cursors.move(
                    "https://index", {"a": None}, "2026-01-01T00:00:00Z"
                )
            assert caught.value.exit_code == 11
            assert catalog.cursors.get("https://index", "a") is None
            with pytest.raises(LeaseLostError):
                mine.take("audit")
            other.cursors.move("https://index", {"a": None}, "2026-01-01T00:00:00Z")
    assert catalog.leases.names() == {}


def test_a_heartbeat_keeps_a_silent_run_alive(catalog, monkeypatch):
    clock = Away()
    monkeypatch.setattr("gosync.catalog.lease_holder.BEAT_SECONDS", 0.01)
    with _hold(catalog, clock=clock) as mine:
        clock.at = NOW + timedelta(hours=1)
        deadline = time.monotonic() + 60
        while catalog.holders.all()[0].beat_at != _time(clock.at)[:-1] + ".000000Z":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        mine.take("select")


def test_waiting_takes_the_lease_when_it_is_free(catalog, other):
    with _hold(catalog) as mine, _hold(other) as theirs:
        mine.take("select")
        threading.Timer(0.2, mine.release, ["select"]).start()
        theirs.take("select", wait_seconds=30)


def test_who_holds_gives_way_to_who_waits(catalog, other):
    """A long job holds a lease most of the time; another one gets it within a step."""
    name, turns = publish_lease("/tree"), []

    def brief():
        with _hold(other) as theirs:
            for _ in range(5):
                with theirs.held(name, wait_seconds=60):
                    turns.append("brief")
                time.sleep(0.02)

    with _hold(catalog) as mine, mine.held(name):
        thread = threading.Thread(target=brief)
        thread.start()
        while thread.is_alive():
            turns.append("long")
            time.sleep(0.01)
            mine.give_way(name)
        thread.join()
        mine.check()
    assert turns.count("brief") == 5
    assert turns.index("brief") < turns.index("long", turns.index("brief"))


def test_to_give_way_to_nobody_keeps_the_lease(catalog):
    with _hold(catalog) as mine:
        lease = mine.take("select")
        assert not mine.give_way("select")
        assert mine.try_take("select") == lease


def test_who_waited_and_left_is_not_waited_for(catalog, other):
    with _hold(catalog) as mine, mine.held("select"), _hold(other) as theirs:
        with pytest.raises(LockedError):
            theirs.take("select", wait_seconds=0.05)
        assert not mine.is_wanted("select")


def test_what_is_announced_is_seen_until_it_is_taken_back_as_often(catalog, other):
    a, b = "a" * 64, "b" * 64
    with _hold(catalog) as mine, _hold(other) as theirs:
        mine.announce([a, b])
        mine.announce([a])
        theirs.announce([b])
        assert other.announcements.among([a, b, "c" * 64]) == {a, b}
        with catalog.transaction():
            mine.take_back([a, b])
        assert other.announcements.among([a, b]) == {a, b}
        mine.take_back([a])
        assert other.announcements.among([a, b]) == {b}
    assert catalog.announcements.among([a, b]) == set()


def test_an_announcement_that_nobody_would_see_is_a_bug(catalog):
    with (
        _hold(catalog) as mine,
        pytest.raises(RuntimeError, match="inside a transaction"),
        catalog.transaction(),
    ):
        mine.announce(["a" * 64])


def test_two_processes_bring_one_catalog_up(tmp_path):
    """Steps that another one took meanwhile are not taken again."""
    path = tmp_path / "catalog.sqlite"
    threads = [
        threading.Thread(target=lambda: Catalog.open(path, create=True).close())
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with Catalog.open(path, create=False) as catalog:
        assert catalog.holders.all() == []


def test_a_place_is_a_boot_and_a_pid_namespace():
    assert holder_module._place().count("pid:[") == 1
    assert this_process() == ProcessId(
        this_process().pid, this_process().started, holder_module._place()
    )
