"""The list of modules, its counts and the tree's digest follow from what changed."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from gosync.folder import routes
from gosync.publish.marker import parse_marker
from gosync.publish.pages.paging import begins_page
from gosync.publish.work import PublishOptions
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, World

PATHS = [f"example.com/m{number:02d}" for number in range(24)]


def pages(files: Mapping[str, bytes]) -> set[str]:
    return {name for name in files if name.endswith("/index.html") and "@v" not in name}


@pytest.mark.parametrize("seed", range(4))
def test_bit_by_bit_a_tree_becomes_what_it_is_when_published_whole(
    world: World, seed: int
) -> None:
    chosen = random.Random(seed)
    world.options = PublishOptions(modules_per_page=5, modules_per_index=10)
    carried: set[tuple[str, str]] = set()
    for turn in range(6):
        for path in chosen.sample(PATHS, chosen.randint(1, 12)):
            world.add(path, f"v1.{turn}.0")
            carried.add((path, f"v1.{turn}.0"))
        for key in chosen.sample(sorted(carried), min(turn * 3, len(carried))):
            world.forget(*key)
            carried.remove(key)
        world.log.grow(chosen.randint(0, 300))
        report = world.publish()
        assert report.full is (turn == 0)
        assert (report.modules, report.versions) == (
            len({path for path, _ in carried}),
            len(carried),
        )
        check_lists(world.root)
        check_lookups(world.root, NAME)
        want = world.files()
        (world.root / routes.MARKER).write_bytes(b"")
        assert world.publish().full
        assert world.files() == want


def test_a_new_module_changes_the_page_that_it_is_on(world: World) -> None:
    world.options = PublishOptions(modules_per_page=4)
    for path in PATHS:
        world.add(path, "v1.0.0")
    world.publish()
    before = world.files()
    new = next(
        path
        for path in (f"example.com/m10{number}" for number in range(9))
        if not begins_page(path, 4)
    )
    world.add(new, "v1.0.0")
    world.publish()
    after = world.files()
    changed = {name for name in pages(after) if before.get(name) != after[name]}
    assert len(changed) == 1
    assert new.encode() in after[changed.pop()]
    assert len(pages(after)) == len(pages(before)) > 3


def test_a_tree_of_before_counts_were_kept_is_published_whole_once(
    world: World,
) -> None:
    world.add(PATHS[0], "v1.0.0")
    world.publish()
    want = world.files()
    numbered = world.root / "modules/2/index.html"
    numbered.parent.mkdir()
    numbered.write_text("of a tree with numbered pages")
    world.catalog.shown.clear(world.tree.id)
    report = world.publish()
    assert report.full
    assert world.files() == want
    assert parse_marker(world.read(routes.MARKER)).modules == 1
    assert world.publish().changes == 0
