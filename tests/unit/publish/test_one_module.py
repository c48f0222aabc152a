"""One module is published by itself, also while the whole tree is being published."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.clock import SystemClock
from gosync.publish.marker import parse_marker
from gosync.publish.publisher import Publisher
from tests.tiers import spread
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.test_crash import Killed, killed_at
from tests.unit.publish.world import NAME, World, stats

M, N = "example.com/m", "example.com/n"


def publish_module(world: World, path: str) -> int:
    """Publish a module, its tiles fetched before."""
    head = world.head()
    wanted = world.publisher.modules(world.tree, [path]).missing_tiles(head)
    world.tiles.write((tile, world.log.tile(tile)) for tile in wanted)
    return world.publisher.modules(world.tree, [path]).run(head)


def check(world: World) -> None:
    check_lists(world.root)
    check_lookups(world.root, NAME)


def test_a_module_is_there_at_once_and_the_rest_follows(world: World) -> None:
    world.add(M, "v1.0.0")
    world.add(N, "v1.0.0")
    world.publish()
    front = world.read("index.html")
    before = stats(world.root / N)
    world.log.grow(700)
    world.add(M, "v1.1.0")
    assert publish_module(world, M) > 0
    assert world.read(f"{M}/@v/list") == b"v1.0.0\nv1.1.0\n"
    check(world)
    assert stats(world.root / N) == before
    assert world.read("index.html") == front
    marker = parse_marker(world.read(".gosync/tree.json"))
    assert marker.complete
    assert marker.heads[NAME][-1] == world.log.size
    assert publish_module(world, M) == 0

    report = world.publish()
    assert (report.full, report.linked, report.lookups) == (False, 0, 0)
    assert b"v1.1.0" in world.read("index.html")
    assert world.publish().changes == 0


def test_a_record_that_the_tree_s_head_has_moves_no_head(world: World) -> None:
    world.add(M, "v1.0.0")
    world.log.grow(5)
    world.publish()
    world.log.grow(5)
    world.catalog.versions.admit([world.catalog.versions.of(M)[0]])
    publish_module(world, M)
    marker = parse_marker(world.read(".gosync/tree.json"))
    assert marker.heads[NAME] == [marker.head]


def test_a_tree_that_is_not_there_yet_is_published_whole_next(world: World) -> None:
    world.add(M, "v1.0.0")
    world.add("corp.example/p", "v1.0.0", private=True)
    for path in (M, "corp.example/p"):
        publish_module(world, path)
        assert world.read(f"{path}/@v/list") == b"v1.0.0\n"
        check(world)
    report = world.publish()
    assert report.full
    assert (report.modules, report.linked) == (2, 0)


def test_nothing_leaves_by_it_but_what_was_withdrawn(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.publish()
    world.forget(M, "v1.0.0")
    publish_module(world, M)
    assert world.read(f"{M}/@v/list") == b"v1.0.0\nv1.1.0\n"
    world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.1.0\n"


def prepared(folder: Path) -> World:
    world = World(folder, records=250)
    world.add(M, "v1.0.0")
    world.publish()
    world.log.grow(300)
    world.add(M, "v1.1.0")
    head = world.head()
    wanted = world.publisher.modules(world.tree, [M]).missing_tiles(head)
    world.tiles.write((tile, world.log.tile(tile)) for tile in wanted)
    return world


@pytest.mark.sampled
def test_killed_at_every_step_it_converges(tmp_path: Path) -> None:
    with prepared(tmp_path / "whole") as world, killed_at(-1) as steps:
        publish_module(world, M)
        want = world.files()
    for step in spread(range(steps[0]), 16):
        with prepared(tmp_path / str(step)) as world:
            with killed_at(step), pytest.raises(Killed):
                publish_module(world, M)
            check(world)
            publish_module(world, M)
            assert world.files() == want
            world.publish()
            check(world)
            assert world.publish().changes == 0


@pytest.mark.parametrize("full", [False, True])
def test_a_whole_publish_leaves_alone_what_was_published_meanwhile(
    world: World, *, full: bool
) -> None:
    """At each of its pauses another version of a module comes in and is published."""
    paths = [f"example.com/m{number}" for number in range(6)]
    for path in paths:
        world.add(path, "v1.0.0", "v1.1.0")
    world.publish()
    for path in paths:
        world.add(path, "v1.2.0")
    world.forget(paths[3], "v1.0.0")
    if full:
        (world.root / ".gosync/tree.json").write_bytes(b"{}")
    pauses, steps = [0], count(1)

    def give_way(show: Callable[[], None]) -> None:
        if next(steps) % (3 if full else 1):
            return
        show()
        pauses[0] += 1
        path = paths[pauses[0] % len(paths)]
        world.log.grow(100)
        world.add(path, f"v1.{pauses[0] + 2}.0")
        publish_module(world, path)
        check(world)
        assert f"v1.{pauses[0] + 2}.0\n" in world.read(f"{path}/@v/list").decode()

    head = world.head()
    world.fetch_tiles(head)
    report = world.publisher.publish(world.tree, head, give_way=give_way)
    assert report.full is full
    assert pauses[0] > 10
    check(world)
    listed = sum(len(world.read(f"{path}/@v/list").split()) for path in paths)
    assert listed >= pauses[0]
    world.publish()
    check(world)
    rows = sum(len(world.catalog.versions.carried(path)) for path in paths)
    assert sum(len(world.read(f"{path}/@v/list").split()) for path in paths) == rows
    assert world.publish().changes == 0


def test_whoever_waits_for_the_tree_gets_it_between_two_modules(world: World) -> None:
    """With leases, from another thread with a connection of its own."""
    for number in range(300):
        world.add(f"example.com/m{number}", "v1.0.0")
    head, lease, waits = world.head(), f"module:{world.root}", list[float]()
    world.fetch_tiles(head)
    is_over, errors = threading.Event(), list[BaseException]()

    def serve() -> None:
        path = world.store / "catalog.sqlite"
        with Catalog.open(path, create=False) as catalog:
            publisher = _publisher(world, catalog)
            with catalog.hold(command="server", clock=SystemClock()) as run:
                while not is_over.is_set():
                    started = time.monotonic()
                    with run.held(lease, wait_seconds=60):
                        waits.append(time.monotonic() - started)
                        publisher.modules(world.tree, ["example.com/m7"]).run(head)
                    time.sleep(0.01)

    def guarded(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    with world.catalog.hold(command="publish", clock=SystemClock()) as run:
        run.take(lease)
        other = threading.Thread(target=guarded, args=[serve])
        other.start()

        def give_way(show: Callable[[], None]) -> None:
            show()
            run.give_way(lease)

        world.publisher.publish(world.tree, head, give_way=give_way)
        run.release(lease)
        is_over.set()
        other.join()
    assert not errors, errors
    assert len(waits) > 3
    check(world)
    assert list((world.root / ".gosync/staging").iterdir()) == []


def _publisher(world: World, catalog: Catalog) -> Publisher:
    return Publisher(
        catalog,
        world.blobs,
        clock=SystemClock(),
        database=world.database,
        tiles=world.tiles,
    )
