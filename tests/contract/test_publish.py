"""A whole publish over each tree storage: the same files, whatever keeps them."""

from __future__ import annotations

from pathlib import Path

from gosync.folder.routes import STAGING
from gosync.publish.marker import read_marker
from gosync.publish.shown import shown_versions
from gosync.publish.storage.tree import TreeReader
from gosync.publish.work import TreeTarget
from tests.contract.storages import Storage
from tests.unit.publish.world import World

A, B = "a.example/m", "b.example/m"


def _files(tree: TreeReader) -> dict[str, bytes | None]:
    """Return all that a tree has, but for its marker's generation and the like."""
    return {p: tree.read(p) for p in tree.walk() if not p.startswith(STAGING)}


def test_a_tree_is_published_and_changed_like_one_in_a_folder(
    storage: Storage, tmp_path: Path
) -> None:
    with World(tmp_path / "world") as world:
        place = storage.tree_storage()
        local, other = world.tree, TreeTarget(place, place.name)
        world.add(A, "v1.0.0", "v1.1.0")
        world.add(B, "v1.0.0")
        for tree in (local, other):
            world.tree = tree
            world.publish()
        reader = place.reader()
        assert _files(reader) == _files(local.storage.reader())
        assert {mv.path for mv, _ in shown_versions(reader)} == {A, B}
        world.add(A, "v1.2.0")
        world.withdraw(B, "v1.0.0")
        for tree in (local, other):
            world.tree = tree
            world.publish()
        assert _files(reader) == _files(local.storage.reader())
        assert reader.read(f"{A}/@v/list") == b"v1.0.0\nv1.1.0\nv1.2.0\n"
        assert reader.read(f"{B}/@v/list") is None
        marker = read_marker(reader)
        assert marker is not None
        assert marker.complete
        world.tree = other
        assert world.publish().changes == 0
