"""Versions leave a tree only because they were given up; what is unknown stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.trees import TreeState
from gosync.catalog.versions import Need
from gosync.catalog.withdrawn import Withdrawal
from gosync.errors import TooManyDeletesError
from gosync.gomod.module import ModuleVersion
from gosync.publish.limit import DeleteLimit
from gosync.publish.publisher import Publisher
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, FixedClock, World

M, N, P = "example.com/m", "example.com/n", "corp.example/p"
FILES = (".info", ".mod", ".zip")


def use_catalog(world: World, path: Path) -> None:
    """Let the world go on with another catalog."""
    world.catalog.close()
    world.catalog = Catalog.open(path, create=True)
    world.publisher = Publisher(
        world.catalog,
        world.blobs,
        clock=FixedClock(),
        database=world.database,
        tiles=world.tiles,
    )


@pytest.fixture
def restored(world: World) -> World:
    """A world whose catalog is older than its tree, and knows M's first version."""
    world.add(M, "v1.0.0", commit="a" * 40)
    old = world.folder / "old.sqlite"
    world.catalog.back_up(old)
    world.log.grow(300)
    world.add(M, "v1.1.0", commit="b" * 40)
    world.add(N, "v1.0.0")
    world.add(P, "v1.0.0", private=True)
    world.publish()
    use_catalog(world, old)
    return world


def test_what_an_older_catalog_does_not_know_stays(restored: World) -> None:
    world = restored
    before = world.files()
    world.log.grow(300)
    report = world.publish()
    assert (report.full, report.versions, report.unknown) == (True, 1, 3)
    after = world.files()
    assert before.keys() <= after.keys()
    stays = [n for n in before if n.endswith((*FILES, "list", "@latest"))]
    assert {n: before[n] for n in stays} == {n: after[n] for n in stays}
    assert world.read(f"{M}/@v/list") == b"v1.0.0\nv1.1.0\n"
    assert b"v1.1.0" in world.read(f"{M}/@latest")
    check_lists(world.root)
    check_lookups(world.root, NAME)
    assert world.publish().changes == 0
    assert world.publish().unknown == 3


def test_lookups_of_what_is_unknown_carry_a_head_that_the_tree_shows(
    restored: World,
) -> None:
    world = restored
    world.log.grow(300)
    world.publish()
    head = world.head()
    for name in (f"{M}@v1.0.0", f"{M}@v1.1.0", f"{N}@v1.0.0"):
        assert world.read(f"sumdb/{NAME}/lookup/{name}").endswith(head.note)
    world.log.grow(9)
    world.add(M, "v1.2.0")
    assert world.publish().full, "they are looked at each time"
    assert world.read(f"sumdb/{NAME}/lookup/{N}@v1.0.0").endswith(head.note)
    check_lookups(world.root, NAME)


def test_an_empty_catalog_empties_no_tree(restored: World) -> None:
    world = restored
    before = world.files()
    use_catalog(world, world.folder / "empty.sqlite")
    report = world.publisher.publish(world.tree, world.head())
    assert (report.versions, report.unknown) == (0, 4)
    after = world.files()
    stays = [n for n in before if n.endswith((*FILES, "list", "@latest"))]
    assert {n: before[n] for n in stays} == {n: after.get(n) for n in stays}


def test_what_is_unknown_is_known_once_it_is_admitted(restored: World) -> None:
    world = restored
    world.publish()
    world.add(M, "v1.1.0", commit="b" * 40)
    assert world.publish().unknown == 2
    world.forget(M, "v1.1.0")
    world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    assert b"v1.0.0" in world.read(f"{M}/@latest")
    assert not (world.root / f"{M}/@v/{'b' * 40}.info").exists()
    check_lists(world.root)


def test_a_zip_that_is_unknown_stays_beside_a_known_go_mod(world: World) -> None:
    world.add(M, "v1.0.0", need=Need.MOD, info=False)
    old = world.folder / "old.sqlite"
    world.catalog.back_up(old)
    world.add(M, "v1.0.0")
    world.publish()
    before = world.files()
    use_catalog(world, old)
    assert world.publish().unknown == 1
    after = world.files()
    for name in (f"{M}/@v/v1.0.0{kind}" for kind in FILES):
        assert after[name] == before[name]
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"


def test_a_tree_that_follows_later_loses_what_was_given_up(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0", "v1.2.0")
    world.publish()
    first, second = (world.tree, world.root), world.another("b")
    world.tree, world.root = second
    world.publish()
    world.tree, world.root = first
    world.forget(M, "v1.0.0")
    world.narrow(M, "v1.1.0")
    world.publish()
    world.catalog.trees.put(replace(_state(world, "b"), published_seq=10**6))
    world.catalog.selected.drop_tombstones()
    assert world.catalog.versions.get(ModuleVersion(M, "v1.0.0")) is None
    world.tree, world.root = second
    (second[1] / ".gosync/tree.json").write_bytes(b"{}")
    report = world.publish()
    assert (report.full, report.unknown) == (True, 0)
    assert world.read(f"{M}/@v/list") == b"v1.2.0\n"
    names = {path.name for path in (second[1] / M / "@v").glob("v1.[01].0.*")}
    assert names == {"v1.1.0.mod", "v1.1.0.info"}


@pytest.mark.parametrize("full", [False, True])
def test_more_than_the_limit_does_not_leave_the_tree_unasked(
    world: World, full: bool
) -> None:
    versions = [f"v1.{n}.0" for n in range(5)]
    world.add(M, *versions)
    world.publish()
    if full:
        (world.root / ".gosync/tree.json").write_bytes(b"{}")
    world.forget(M, *versions[:4])
    before, head = world.files(), world.head()
    asked: list[str] = []

    def refuse(what: str) -> bool:
        asked.append(what)
        return False

    def publish(limit: DeleteLimit) -> int:
        return world.publisher.publish(world.tree, head, limit=limit).removed

    with pytest.raises(TooManyDeletesError, match="4 versions would leave") as refused:
        publish(DeleteLimit(3))
    assert "--max-delete 4" in str(refused.value.hint)
    with pytest.raises(TooManyDeletesError):
        publish(DeleteLimit(3, refuse))
    assert "more than 3" in asked[0]
    assert world.files() == before, "nothing was touched"
    assert publish(DeleteLimit(3, lambda _: True)) > 0
    assert world.read(f"{M}/@v/list") == b"v1.4.0\n"


def test_what_was_withdrawn_goes_whatever_the_limit_says(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0", commit="c" * 40)
    world.publish()
    withdrawal = Withdrawal(
        path=M, version="v1.1.0", reason="stolen <key>", withdrawn_at="2026-11-26T00"
    )
    world.catalog.withdrawn.put([withdrawal])
    world.fetch_tiles(world.head())
    world.publisher.publish(world.tree, world.head(), limit=DeleteLimit(0))
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    assert b"v1.0.0" in world.read(f"{M}/@latest")
    assert not list((world.root / M / "@v").glob("v1.1.0.*"))
    assert b"v1.0.0" in world.read(f"{M}/@v/{'c' * 40}.info")
    page = world.read(f"{M}/@v/index.html").decode()
    assert "stolen &lt;key&gt;" in page
    check_lists(world.root)


def test_a_withdrawn_version_that_was_never_here_has_its_page(world: World) -> None:
    withdrawal = Withdrawal(
        path=N, version="v1.0.0", reason="worm", withdrawn_at="2026-11-26T00"
    )
    world.add(M, "v1.0.0")
    world.publish()
    world.catalog.withdrawn.put([withdrawal])
    world.publish()
    assert {p.name for p in (world.root / N / "@v").iterdir()} == {"index.html"}
    assert b"worm" in world.read(f"{N}/@v/index.html")
    (world.root / ".gosync/tree.json").write_bytes(b"{}")
    world.publish()
    assert b"worm" in world.read(f"{N}/@v/index.html")


def _state(world: World, tree_id: str) -> TreeState:
    state = world.catalog.trees.get(tree_id)
    assert state is not None
    return state
