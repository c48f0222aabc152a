"""A publish that is killed at any step is made good by the next one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gosync.publish.marker import parse_marker
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.work import TreeTarget
from tests.tiers import spread
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, World

KILLS = 16  # of all steps, so many are tried
STEPS = ("rename", "link", "unlink", "mkdir", "rmdir")


class Killed(BaseException):
    """The process is gone; nothing may handle it."""


@contextmanager
def killed_at(step: int) -> Iterator[list[int]]:
    """Raise at the given step that changes a name; count them."""
    count = [0]
    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            real = getattr(os, name)

            def call(*args: object, _real=real, **kwargs: object) -> object:
                if count[0] == step:
                    raise Killed
                count[0] += 1
                return _real(*args, **kwargs)

            patch.setattr(os, name, call)
        yield count


def first(world: World) -> None:
    world.add("example.com/m", "v1.0.0", "v1.1.0")
    world.add("example.com/gone", "v1.0.0")
    world.add("corp.example/p", "v1.0.0", private=True)


def second(world: World) -> None:
    world.log.grow(300)
    world.add("example.com/m", "v1.2.0")
    world.add("example.com/new", "v0.0.0-20240101000000-abcdefabcdef")
    world.withdraw("example.com/m", "v1.0.0")
    world.withdraw("example.com/gone", "v1.0.0")


def pruned(world: World) -> None:
    """Forget a version and a whole module; leave of a third its ``.mod``."""
    world.forget("example.com/m", "v1.0.0")
    world.forget("example.com/gone", "v1.0.0")
    world.narrow("corp.example/p", "v1.0.0")


def prepared(folder: Path, *, turn: int) -> World:
    world = World(folder, records=250)
    first(world)
    if turn > 1:
        world.publish()
        (second if turn == 2 else pruned)(world)
    world.fetch_tiles(world.head())
    return world


@pytest.mark.sampled
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_killed_at_every_step_the_next_run_converges(tmp_path: Path, turn: int) -> None:
    with prepared(tmp_path / "whole", turn=turn) as world:
        with killed_at(-1) as count:
            world.publish()
        want = world.files()
    assert count[0] > (30 if turn < 3 else 15)
    for step in spread(range(count[0]), KILLS):
        with prepared(tmp_path / str(step), turn=turn) as world:
            head = world.head()
            with killed_at(step), pytest.raises(Killed):
                world.publisher.publish(world.tree, head)
            check_lists(world.root)
            check_lookups(world.root, NAME)
            world.publish()
            assert world.files() == want, step
            assert world.publish().changes == 0


def test_killed_between_tree_and_catalog_the_next_run_converges(
    tmp_path: Path,
) -> None:
    with prepared(tmp_path, turn=1) as world:
        world.publish()
        want = world.files()
        state = world.catalog.trees.get(world.tree.id)
        assert state is not None
        world.catalog.trees.put(type(state)(state.tree_id, 0, "", ""))
        assert world.publish().full
        assert world.files() == want


def test_a_head_seen_before_the_kill_is_remembered(tmp_path: Path) -> None:
    with prepared(tmp_path, turn=1) as world:
        head = world.head()
        with pytest.MonkeyPatch.context() as patch:
            barriers = iter([None, None, None, Killed()])
            patch.setattr(
                "gosync.publish.storage.localtree.sync_filesystem", _pass(barriers)
            )
            with pytest.raises(Killed):
                world.publisher.publish(world.tree, head)
        assert check_lookups(world.root, NAME) > 0
        world.catalog.close()
        # Even by a store that knows nothing of it.
        (tmp_path / "other").mkdir()
        with World(tmp_path / "other", records=250) as other:
            first(other)
            other.log.grow(900)
            other.tree = TreeTarget(LocalTree(world.root), "tree-1")
            other.publish()
            marker = parse_marker((world.root / ".gosync/tree.json").read_bytes())
            assert marker.heads == {NAME: [head.tree.n, other.log.size]}


def _pass(barriers: Iterator[BaseException | None]):
    def pass_one(_: Path) -> None:
        error = next(barriers)
        if error is not None:
            raise error

    return pass_one
