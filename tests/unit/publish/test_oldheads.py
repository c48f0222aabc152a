"""Tiles for clients that remember a tree head from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.publish.marker import parse_marker
from gosync.publish.notfound import MAX_BYTES, MAX_LINES, not_found_text
from gosync.publish.report import PublishReport
from gosync.sumdb.oldheads import OldHeads, leaf_of
from gosync.sumdb.spans import spans_of
from gosync.sumdb.tile import Tile, edge_tiles, parse_tile_path
from tests.unit.publish.world import NAME, World
from tests.unit.sumdb.goreads import File, session, unanswered

M = "example.com/m"
BASE = f"sumdb/{NAME}"
START = 70_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, records=START) as made:
        yield made


def publish(
    world: World, *sizes: int, upper: bool = True, fetch: bool = True
) -> PublishReport:
    """Publish for clients with heads of these sizes, their tiles fetched before."""
    leaves = spans_of(leaf for size in sizes if (leaf := leaf_of(size)) is not None)
    world.options = replace(world.options, old_heads=OldHeads(upper, leaves))
    head = world.head()
    world.fetch_tiles(head)
    if fetch:
        wanted = world.publisher.wanted_old_head_tiles(
            world.tree, head, options=world.options
        )
        world.tiles.write((tile, world.log.tile(tile)) for tile in wanted)
    return world.publisher.publish(world.tree, head, options=world.options)


def tiles(world: World) -> set[File]:
    found = (name for name in world.files() if "/tile/" in name)
    parsed = (parse_tile_path(name.removeprefix(f"{BASE}/")) for name in found)
    return {(tile.l, tile.n, tile.w) for tile in parsed}


def lacking(world: World, size: int, record: int = START) -> list[File]:
    return unanswered(session(size, world.log.size, record), tiles(world))


def test_any_older_head_takes_the_upper_levels_and_its_own_leaf(world: World) -> None:
    world.add(M, "v1.0.0")
    sizes = [1, 255, 257, 5_000, 65_535, 65_537, 69_999, START + 1]
    report = publish(world, *sizes)
    assert all(not lacking(world, size) for size in sizes)
    assert {level for level, _, _ in lacking(world, 3_000)} == {0}
    assert (report.upper_tiles, report.absent_tiles) == (True, 0)
    assert report.leaf_tiles == len({size >> 8 for size in sizes})


def test_every_width_is_the_beginning_of_the_log_s_own_tile(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world, START)
    for level, number, width in tiles(world):
        tile = Tile(8, level, number, width)
        assert world.read(f"{BASE}/{tile.path()}") == world.log.tile(tile)


def test_thousands_of_heads_are_served_by_what_is_in_the_tree(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world, *range(1, START + 256, 256))
    files, n = tiles(world), world.log.size
    sizes = [*range(1, n, 17), *range(n - 700, n + 1), *range(65_000, 66_100)]
    assert len(sizes) > 5_000
    assert [s for s in sizes if unanswered(session(s, n, START), files)] == []


def test_without_the_upper_levels_a_tree_is_what_it_was(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world, upper=False)
    before = tiles(world)
    assert lacking(world, 3_000)
    report = publish(world)
    assert report.tiles == len(tiles(world) - before) > 0
    assert report.lookups == 0


def test_a_tree_that_serves_its_clients_is_up_to_date(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world, 3_000)
    publisher = world.publisher
    assert not publisher.is_behind(world.tree, options=world.options)
    for old_heads in (OldHeads(), OldHeads(upper=True)):
        options = replace(world.options, old_heads=old_heads)
        assert not publisher.is_behind(world.tree, options=options)
    more = OldHeads(upper=True, leaves=spans_of([leaf_of(4_000) or 0]))
    options = replace(world.options, old_heads=more)
    assert publisher.is_behind(world.tree, options=options)


def test_a_head_newer_than_the_tree_s_makes_the_tree_follow(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world)
    world.log.grow(100)
    assert publish(world).head == START + 1
    world.options = replace(world.options, at_least=START + 50)
    assert publish(world).head == START + 101
    assert not lacking(world, START + 1)


def test_as_the_log_grows_widths_that_a_full_tile_answers_go(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world, START)
    before, size = tiles(world), world.log.size
    world.log.grow(70_000)
    world.add(M, "v1.1.0")
    publish(world, START, START + 50_000)
    after = tiles(world)
    gone = before - after
    assert gone
    assert all((level, number, 256) in after for level, number, _ in gone)
    edges = {(tile.l, tile.n, tile.w) for tile in edge_tiles(size)}
    assert edges <= after
    for old in (1, START - 1, START, size, START + 50_000, world.log.size):
        assert not [read for read in lacking(world, old) if read[0]]
    assert not lacking(world, size)
    assert not lacking(world, START + 50_000)


def test_a_whole_publish_keeps_what_serves_older_heads(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world, 3_000)
    before = tiles(world)
    (world.root / ".gosync/tree.json").write_bytes(b"")
    report = publish(world)
    assert report.full
    assert tiles(world) == before


def test_what_cannot_be_had_is_not_promised_and_keeps_nothing_back(
    world: World,
) -> None:
    world.add(M, "v1.0.0")
    report = publish(world, 3_000, 4_000, fetch=False)
    assert report.lookups == 1
    assert not report.upper_tiles
    assert report.leaf_tiles == 0
    assert report.absent_tiles > 2
    assert world.publisher.is_behind(world.tree, options=world.options)
    assert publish(world, 3_000, 4_000).leaf_tiles == 2
    assert not world.publisher.is_behind(world.tree, options=world.options)


def test_what_was_promised_once_stays_promised(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world, 3_000)
    world.log.grow(1_000)
    world.add(M, "v1.1.0")
    publish(world, 4_000, upper=False)
    marker = parse_marker(world.read(".gosync/tree.json"))
    assert marker.promise(NAME).leaves == ((11, 11), (15, 15))
    assert marker.promise(NAME).upper == START + 1
    assert not marker.promise(NAME).of(marker.head).upper


def test_a_marker_of_before_promises_nothing(world: World) -> None:
    old = b'{"format":1,"complete":true,"head":5,"sumdb":"x","heads":{"x":[5]}}'
    promise = parse_marker(old).promise("x")
    assert promise.of(5) == OldHeads()
    assert not promise.keeps(OldHeads(upper=True), 5)


def test_the_text_for_404_answers_is_one_that_go_shows(world: World) -> None:
    world.add(M, "v1.0.0")
    publish(world)
    text = world.read(f"{BASE}/404.txt")
    assert text == not_found_text(NAME, START + 1)
    assert f'rm "$(go env GOPATH)/pkg/sumdb/{NAME}/latest"'.encode() in text
    for name in (NAME, "x" * 130):
        text = not_found_text(name, 10**15)
        assert len(text) <= MAX_BYTES
        assert text.count(b"\n") <= MAX_LINES
    world.log.grow(10)
    world.add(M, "v1.1.0")
    publish(world)
    assert f" {START + 12} records".encode() in world.read(f"{BASE}/404.txt")
