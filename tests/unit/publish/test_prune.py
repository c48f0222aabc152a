"""A tree shrinks after a prune, in an order that names nothing that is gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, World

M, N = "example.com/m", "example.com/n"


def _removed(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Publish; return what was removed, in order, the tree whole at each step."""
    removed: list[str] = []
    real = os.unlink

    def unlink(path: str) -> None:
        real(path)
        removed.append(Path(path).name)
        check_lists(world.root)
        check_lookups(world.root, NAME)

    head = world.head()
    world.fetch_tiles(head)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", unlink)
        world.publisher.publish(world.tree, head)
    # Writers probe the umask with files of these names; empty index files go last.
    return [name for name in removed if not name.isdecimal() and "jsonl" not in name]


def test_a_forgotten_version_goes_backwards_and_its_tiles_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(M, "v1.0.0", commit="a" * 40)
    world.add(N, "v1.0.0")
    world.publish()
    before = world.files()
    world.forget(M, "v1.0.0")
    assert _removed(world, monkeypatch) == [
        "@latest",
        "list",
        "aaaaaaa.info",
        "aaaaaaaa.info",
        "aaaaaaaaaa.info",
        "aaaaaaaaaaaa.info",
        f"{'a' * 40}.info",
        "index.html",
        "v1.0.0.info",
        "v1.0.0.zip",
        "v1.0.0.mod",
        "m@v1.0.0",
    ]
    after = world.files()
    assert {path for path in before if "/tile/" in path} <= after.keys()
    assert not [path for path in after if path.startswith(M)]
    assert world.catalog.selected.drop_tombstones() == 1
    assert world.catalog.versions.known(M) == set()
    assert world.publish().changes == 0


def test_a_narrowed_version_keeps_its_mod_info_and_lookup(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.publish()
    kept = {
        path: world.read(path) for path in (f"{M}/@v/v1.1.0.mod", f"{M}/@v/v1.1.0.info")
    }
    world.narrow(M, "v1.1.0")
    removed = _removed(world, monkeypatch)
    assert removed[-1] == "v1.1.0.zip"
    assert {name.rpartition(".")[2] for name in removed[:-1]} == {"info"}, "aliases"
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    assert b"v1.0.0" in world.read(f"{M}/@latest")
    assert {path: world.read(path) for path in kept} == kept
    assert world.read(f"sumdb/{NAME}/lookup/{M}@v1.1.0")


def test_a_module_of_which_only_a_mod_is_left_has_no_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(M, "v1.0.0", commit="a" * 40)
    world.publish()
    world.narrow(M, "v1.0.0")
    removed = _removed(world, monkeypatch)
    assert removed[:2] == ["@latest", "list"]
    assert removed[-1] == "v1.0.0.zip"
    names = {path.name for path in (world.root / M / "@v").iterdir()}
    assert names == {"v1.0.0.mod", "v1.0.0.info", "index.html"}


def test_a_pruned_tree_is_the_tree_that_never_had_it(tmp_path: Path) -> None:
    trees = []
    for name in ("pruned", "never"):
        with World(tmp_path / name) as world:
            world.add(M, "v1.0.0")
            world.log.grow(40)
            world.add(N, "v1.0.0")
            if name == "pruned":
                world.publish()
                world.forget(N, "v1.0.0")
            else:
                world.forget(N, "v1.0.0")
            world.publish()
            files = world.files()
        # The index tells what was there once.
        besides = ("/tile/", "index/")
        trees.append(
            {k: v for k, v in files.items() if not any(e in k for e in besides)}
        )
    assert trees[0] == trees[1]


def test_what_is_wanted_again_before_the_tree_followed_is_not_shown(
    world: World,
) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.publish()
    world.forget(M, "v1.0.0")
    world.want(M, "v1.0.0")
    world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.1.0\n"
    assert not (world.root / M / "@v/v1.0.0.mod").exists()
    world.add(M, "v1.0.0")
    world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.0.0\nv1.1.0\n"
