"""The lease of a store in a bucket: of several machines one writes."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gosync.errors import IdentityError, LeaseLostError, LockedError
from gosync.store.objects.lease import (
    LEASE_KEY,
    LEASE_SECONDS,
    SKEW_SECONDS,
    BucketLease,
)
from gosync.store.objects.machine import holder_of, is_conditional
from gosync.store.objects.proof import keeps_conditions
from gosync.store.root import open_store
from tests.contract.memorybucket import MemoryBucket, MemoryService


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class World:
    """A bucket, a clock, and machines that would write."""

    def __init__(self, *, conditional: bool = True) -> None:
        self.bucket = MemoryBucket(MemoryService(conditional=conditional))
        self.clock = Hands()
        self.behind: set[str] = set()
        self._conditional = conditional

    def machine(self, holder: str) -> BucketLease:
        return BucketLease(
            self.bucket,
            holder=holder,
            clock=self.clock,
            conditional=self._conditional,
            is_behind=lambda: holder in self.behind,
        )

    def requests(self) -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        self.bucket.service.before = lambda verb, key: seen.append((verb, key))
        return seen


def test_one_machine_has_it_and_others_are_told_which() -> None:
    world = World()
    ours, theirs = world.machine("a"), world.machine("b")
    ours.take()
    assert ours.fence == 1
    with pytest.raises(LockedError, match="writes this store, until"):
        theirs.take()
    world.machine("a").take()  # another run of the same folder


def test_it_is_renewed_as_it_is_used_and_costs_nothing_between() -> None:
    world = World()
    ours, theirs = world.machine("a"), world.machine("b")
    ours.take()
    seen = world.requests()
    world.clock.seconds = LEASE_SECONDS / 4
    ours.take()
    assert seen == []
    for _ in range(10):
        world.clock.seconds += LEASE_SECONDS / 2
        ours.take()
        with pytest.raises(LockedError):
            theirs.take()
    assert ours.fence == 1


def test_whoever_went_away_is_followed_with_a_larger_fence_and_learns_of_it() -> None:
    world = World()
    ours, theirs = world.machine("a"), world.machine("b")
    ours.take()
    world.clock.seconds = LEASE_SECONDS + SKEW_SECONDS - 1
    with pytest.raises(LockedError):
        theirs.take()
    world.clock.seconds += 2
    theirs.take()
    assert theirs.fence == 2
    with pytest.raises(LeaseLostError):
        ours.check()
    with pytest.raises(LockedError):
        ours.take()
    theirs.check()


def test_whoever_is_late_and_was_not_missed_goes_on() -> None:
    world = World()
    ours = world.machine("a")
    ours.take()
    world.clock.seconds = 10 * LEASE_SECONDS
    ours.check()
    ours.take()
    assert ours.fence == 1


def test_a_machine_whose_journal_is_behind_does_not_take_over() -> None:
    world = World()
    world.machine("a").take()
    before = world.bucket.get(LEASE_KEY)
    world.clock.seconds = 2 * (LEASE_SECONDS + SKEW_SECONDS)
    world.behind.add("b")
    with pytest.raises(IdentityError, match="after the"):
        world.machine("b").take()
    assert world.bucket.get(LEASE_KEY) == before


@pytest.mark.parametrize("conditional", [True, False])
def test_of_many_machines_at_once_no_two_have_it(*, conditional: bool) -> None:
    world = World(conditional=conditional)
    machines = [world.machine(f"{number}") for number in range(8)]

    def take(machine: BucketLease) -> bool:
        try:
            machine.take()
        except LockedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        winners = sum(pool.map(take, machines))
    assert winners == 1 if conditional else winners <= 1
    if not winners:
        machines[0].take()  # alone it has it


def test_without_conditions_a_second_machine_is_refused_for_good() -> None:
    world = World(conditional=False)
    world.machine("a").take()
    world.clock.seconds = 1000 * LEASE_SECONDS
    with pytest.raises(LockedError, match="does not hold to conditions"):
        world.machine("b").take()
    world.machine("a").take()
    world.machine("a").check()


@pytest.mark.parametrize("conditional", [True, False])
def test_the_store_is_taken_from_a_machine_that_is_gone(*, conditional: bool) -> None:
    world = World(conditional=conditional)
    world.machine("a").take()
    heir = world.machine("b")
    heir.take_from_others()
    heir.take()
    with pytest.raises(LockedError):
        world.machine("a").take()


@pytest.mark.parametrize("conditional", [True, False])
def test_a_service_is_seen_to_keep_conditions_or_not(*, conditional: bool) -> None:
    bucket = MemoryBucket(MemoryService(conditional=conditional))
    assert keeps_conditions(bucket) is conditional
    assert list(bucket.list()) == [], "nothing is left of it"


def test_the_races_of_a_proof_run_side_by_side() -> None:
    service, keys, both = MemoryService(), set[str](), threading.Event()

    def before(verb: str, key: str) -> None:
        if verb == "PUT":
            keys.add(key)
            if len(keys) > 1:
                both.set()
            assert both.wait(10), "one waits until the other is over"

    service.before = before
    assert keeps_conditions(MemoryBucket(service))
    assert not service.objects


def test_runs_that_begin_at_once_have_one_name_and_a_copy_another(
    tmp_path: Path,
) -> None:
    open_store(tmp_path / "store")
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: holder_of(tmp_path / "store"), range(16)))
    assert len(names) == 1
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    assert holder_of(tmp_path / "copy") not in names
    assert holder_of(tmp_path / "store") in names


def test_a_service_is_asked_once_a_day_and_of_each_endpoint(tmp_path: Path) -> None:
    open_store(tmp_path)
    bucket, clock = MemoryBucket(MemoryService()), Hands()
    asked: list[str] = []
    bucket.service.before = lambda verb, _key: asked.append(verb)

    def ask(endpoint: str) -> int:
        asked.clear()
        assert is_conditional(bucket, tmp_path, endpoint=endpoint, clock=clock)
        return len(asked)

    assert ask("http://a") > 0
    assert ask("http://a") == 0
    assert ask("http://b") > 0
    clock.seconds = 25 * 3600.0
    assert ask("http://b") > 0
