"""The checksum database's part: heads, every tile, never back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from gosync.errors import ForkError, MalformedError, RollbackError, StoreError
from gosync.gomod.module import ModuleVersion
from gosync.publish.marker import parse_marker
from gosync.publish.storage.localtree import LocalTreeWriter
from gosync.publish.sumdb import SumTreeWriter
from gosync.sumdb.record import parse_record
from gosync.sumdb.tile import edge_tiles, tree_tiles
from gosync.sumdb.tlog import parse_tree
from tests.unit.publish.invariants import check_lookups
from tests.unit.publish.world import NAME, World, stats

M = "example.com/m"
BASE = f"sumdb/{NAME}"


def head_of(lookup: bytes) -> int:
    return parse_tree(parse_record(lookup).rest.partition(b"\n\n")[0] + b"\n").n


def tile_files(world: World) -> set[str]:
    return {name for name in world.files() if "/tile/" in name}


def test_a_lookup_is_the_record_stamped_with_the_head(world: World) -> None:
    world.add(M, "v1.0.0")
    world.log.grow(7)
    world.publish()
    record = parse_record(world.read(f"{BASE}/lookup/{M}@v1.0.0"))
    assert record.id == 300
    assert record.text == world.log.record(300)
    assert record.rest == world.log.head() == world.read(f"{BASE}/latest")
    assert world.read(f"{BASE}/supported") == b""


def heads_of(world: World) -> dict[str, int]:
    """Return the size of the head that each lookup carries."""
    return {
        name.rpartition("/")[2]: head_of(data)
        for name, data in world.files().items()
        if "/lookup/" in name
    }


def test_a_lookup_keeps_the_head_that_it_was_written_with(world: World) -> None:
    world.add(M, "v1.0.0")
    world.add("example.com/n", "v1.0.0")
    world.publish()
    old = world.log.size
    world.log.grow(400)
    world.add(M, "v1.1.0")
    report = world.publish()
    assert (report.lookups, report.head) == (1, world.log.size)
    assert heads_of(world) == {
        "m@v1.0.0": old,
        "m@v1.1.0": world.log.size,
        "n@v1.0.0": old,
    }
    assert check_lookups(world.root, NAME) == 3


def test_a_whole_publish_keeps_them_too(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    world.log.grow(400)
    world.add(M, "v1.1.0")
    world.publish()
    want = world.files()
    (world.root / ".gosync/tree.json").write_bytes(b"")
    assert world.publish().full
    assert world.files() == want


def forget_heads(world: World) -> None:
    """Let the catalog not know which heads the tree showed."""
    world.catalog.close()
    with sqlite3.connect(world.store / "catalog.sqlite") as database:
        database.execute("DELETE FROM published_heads")
    world.reopen()


def lose_edge(world: World) -> None:
    """Let tree and store lose a tile of the first head's edge that none replaces."""
    for folder in (world.root, world.store):
        for file in folder.glob(f"sumdb/{NAME}/tile/8/1/000.p/1"):
            file.unlink()


@pytest.mark.parametrize("harm", [forget_heads, lose_edge])
def test_a_head_that_cannot_be_served_is_replaced(
    world: World, harm: Callable[[World], None]
) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    world.log.grow(400)
    world.add(M, "v1.1.0")
    world.publish()
    harm(world)
    (world.root / ".gosync/tree.json").write_bytes(b"")
    assert world.publish().full
    assert set(heads_of(world).values()) == {world.log.size}


def test_a_publish_with_the_same_head_writes_new_lookups_alone(world: World) -> None:
    world.add(M, "v1.0.0")
    world.log.grow(10)
    text = "example.com/n v1.0.0"
    world.publish()
    before = stats(world.root / f"{BASE}/lookup/{M}@v1.0.0")
    # A record that the log had all along, carried only now.
    row = world.catalog.versions.get(ModuleVersion(M, "v1.0.0"))
    assert row is not None
    record = f"{text} {row.zip_h1}\n{text}/go.mod {row.mod_h1}\n".encode()
    other = type(row)(
        "example.com/n",
        **{
            name: getattr(row, name)
            for name in row.__struct_fields__
            if name not in ("path", "record_id", "record_text")
        },
        record_id=17,
        record_text=record,
    )
    world.catalog.versions.admit([other])
    report = world.publish()
    assert report.lookups == 1
    assert stats(world.root / f"{BASE}/lookup/{M}@v1.0.0") == before
    check_lookups(world.root, NAME)


def test_the_tree_has_exactly_the_tiles_that_clients_need(world: World) -> None:
    world.add(M, "v1.0.0")
    world.log.grow(70_000)
    world.add(M, "v1.1.0")
    world.publish()
    want = tree_tiles(world.log.size, world.catalog.records.ids(), [])
    assert tile_files(world) == {f"{BASE}/{tile.path()}" for tile in want}
    assert {tile.l for tile in want} == {0, 1, 2}
    for tile in want:
        assert world.read(f"{BASE}/{tile.path()}") == world.log.tile(tile)


def test_tiles_of_older_heads_stay(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    old_size, old = world.log.size, tile_files(world)
    world.log.grow(2_000)
    world.add(M, "v1.1.0")
    world.publish()
    assert old <= tile_files(world)
    for tile in edge_tiles(old_size):
        assert f"{BASE}/{tile.path()}" in old
    # What proves the old head in the new one is there as well.
    for tile in tree_tiles(world.log.size, [], [old_size]):
        assert (world.root / f"{BASE}/{tile.path()}").exists()


def test_old_partial_tiles_outlive_a_whole_publish_and_a_withdrawal(
    world: World,
) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    old = tile_files(world)
    world.log.grow(2_000)
    world.withdraw(M, "v1.0.0")
    world.add("example.com/n", "v1.0.0")
    (world.root / ".gosync/tree.json").write_bytes(b"")
    assert world.publish().full
    assert old <= tile_files(world)


def test_heads_are_remembered_by_tree_and_catalog(world: World) -> None:
    sizes = []
    for number in range(3):
        world.add(M, f"v1.{number}.0")
        world.log.grow(100)
        world.publish()
        sizes.append(world.log.size)
    marker = parse_marker(world.read(".gosync/tree.json"))
    assert marker.heads == {NAME: sizes}
    assert world.catalog.heads.published(NAME, world.tree.id) == sizes


def test_an_emptied_tree_gets_the_tiles_of_its_older_heads_back(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    old = edge_tiles(world.log.size)
    world.log.grow(2_000)
    world.add(M, "v1.1.0")
    world.publish()
    for file in sorted(world.root.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    world.publish()
    for tile in old:
        assert world.read(f"{BASE}/{tile.path()}") == world.log.tile(tile)


def test_a_tree_never_returns_to_a_smaller_head(world: World) -> None:
    world.add(M, "v1.0.0")
    small = world.log.size
    world.log.grow(100)
    world.publish()
    before = stats(world.root)
    world.catalog.versions.admit([world.catalog.versions.of(M)[0]])
    with pytest.raises(RollbackError, match="401 records, the trusted one has 301"):
        world.publish(small)
    assert stats(world.root) == before


def test_the_tree_remembers_its_heads_without_the_catalog(world: World) -> None:
    world.add(M, "v1.0.0")
    small = world.log.size
    world.log.grow(100)
    world.publish()
    world.tree = replace(world.tree, id="tree-2")
    with pytest.raises(RollbackError):
        world.publish(small)


def test_another_head_of_the_same_size_is_a_fork(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    shown = world.log.head()
    world.catalog.versions.admit([world.catalog.versions.of(M)[0]])
    world.log = world.log.forked(5)
    with pytest.raises(ForkError) as caught:
        world.publish()
    assert caught.value.old_note == shown
    assert caught.value.new_note == world.log.head()
    assert len(caught.value.proof) == 2


def test_a_damaged_head_file_is_no_fork_and_written_anew(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    (world.root / f"{BASE}/latest").write_bytes(b"\0\0")
    (world.root / ".gosync/tree.json").write_bytes(b"")
    world.publish()
    assert world.read(f"{BASE}/latest") == world.log.head()


def test_a_record_newer_than_the_head_is_refused_before_anything_is_written(
    world: World,
) -> None:
    small = world.log.size
    world.add(M, "v1.0.0")
    with pytest.raises(StoreError, match="newer than the tree head"):
        world.publish(small)
    with pytest.raises(StoreError, match="newer than the tree head"):
        world.publisher.publish(world.tree, world.head(small))
    assert not world.root.exists()


def test_records_without_a_trusted_head_are_refused(world: World) -> None:
    world.add(M, "v1.0.0")
    with pytest.raises(StoreError, match="no tree head"):
        world.publisher.publish(world.tree, None)
    assert not world.root.exists()


def test_private_versions_need_no_head(world: World) -> None:
    world.add(M, "v1.0.0", private=True)
    world.publisher.publish(world.tree, None)
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    assert not (world.root / "sumdb").exists()


def test_a_missing_tile_is_said_by_name_and_no_lookup_is_written(world: World) -> None:
    world.add(M, "v1.0.0")
    with pytest.raises(StoreError, match=r"tile/8/.*the store has no such proven tile"):
        world.publisher.publish(world.tree, world.head())
    assert not (world.root / f"{BASE}/lookup").exists()
    world.publish()
    assert check_lookups(world.root, NAME) == 1


def test_wanted_tiles_are_those_that_the_tree_lacks(world: World) -> None:
    world.add(M, "v1.0.0")
    head = world.head()
    want = tree_tiles(world.log.size, [300], [])
    assert world.publisher.wanted_tiles(world.tree, head) == want
    world.publish()
    assert world.publisher.wanted_tiles(world.tree, head) == []
    assert not (world.root / ".gosync/staging/1").exists()


def test_a_torn_tile_is_written_anew(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    tile = world.root / f"{BASE}/{edge_tiles(world.log.size)[0].path()}"
    want = tile.read_bytes()
    tile.write_bytes(b"")
    world.catalog.versions.admit([world.catalog.versions.of(M)[0]])
    world.publish()
    assert tile.read_bytes() == want


def test_a_database_name_that_is_no_folder_is_refused(world: World) -> None:
    with pytest.raises(MalformedError):
        SumTreeWriter(LocalTreeWriter(world.root), "../up", world.tiles)
