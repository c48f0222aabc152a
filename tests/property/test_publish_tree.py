"""However a tree came to be, it is what a first publish would have made."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.catalog.versions import Need
from gosync.gomod.module import ModuleVersion
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.work import TreeTarget
from tests.tiers import examples
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, World

MODULES = ["example.com/a", "example.com/a/sub", "example.com/B", "corp.example/p"]
VERSIONS = [
    *("v1.0.0", "v1.1.0", "v2.0.0+incompatible", "v1.2.0-RC.1"),
    "v0.0.0-20240101000000-abcdefabcdef",
]
COMMITS = ["a" * 40, "a" * 7 + "b" * 33, "c" * 40]

ADD = st.tuples(
    st.just("add"),
    st.sampled_from(MODULES),
    st.sampled_from(VERSIONS),
    st.sampled_from(list(Need)),
    st.sampled_from(COMMITS),
)
WITHDRAW = st.tuples(
    st.just("withdraw"), st.sampled_from(MODULES), st.sampled_from(VERSIONS)
)
GROW = st.tuples(st.just("grow"), st.integers(1, 400))
PUBLISH = st.tuples(st.just("publish"))
LOSE = st.tuples(st.just("lose"))
MOVES = st.lists(st.one_of(ADD, ADD, WITHDRAW, GROW, PUBLISH, LOSE), max_size=14)


def play(world: World, move: tuple[Any, ...]) -> None:
    match move:
        case "add", path, version, need, commit:
            carried = world.catalog.versions.get(ModuleVersion(path, version))
            if carried is None or carried.carried is not Need.ZIP:
                private = path.startswith("corp.")
                world.add(path, version, need=need, commit=commit, private=private)
        case "withdraw", path, version:
            world.withdraw(path, version)
        case "grow", records:
            world.log.grow(records)
        case ("publish",):
            world.publish()
            check_lists(world.root)
            check_lookups(world.root, NAME)
        case ("lose",):
            (world.root / ".gosync/tree.json").write_bytes(b"") if (
                world.root.exists()
            ) else None


def visible(world: World) -> dict[str, bytes]:
    """Return the files but for what a tree keeps of its past.

    That is older heads, tiles, and when which version came and went: of the index the
    versions that it has.
    """
    files = world.files()
    pages = {
        name: data.partition(b"\n\n")[0] if "/lookup/" in name else data
        for name, data in files.items()
        if "/tile/" not in name and not name.startswith((".gosync/", "index/"))
    }
    lines = [
        json.loads(line)
        for name, data in files.items()
        if name.startswith("index/") and "/gone/" not in name
        for line in data.splitlines()
        if b'"Timestamp"' in line
    ]
    indexed = sorted((line["Path"], line["Version"]) for line in lines)
    return {**pages, "index": json.dumps(indexed).encode()}


@settings(max_examples=examples(40))
@given(MOVES)
def test_step_by_step_gives_what_one_publish_gives(
    moves: list[tuple[Any, ...]],
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="gosync-test-"))
    try:
        with pytest.MonkeyPatch.context() as patch, World(folder, records=200) as world:
            patch.setattr(
                "gosync.publish.storage.localtree.sync_filesystem", lambda _: None
            )
            for move in moves:
                play(world, move)
            # A head alone moves nothing, so let something change at the end.
            world.add("example.com/last", "v1.0.0")
            world.publish()
            got = visible(world)
            assert world.publish().changes == 0
            world.tree = TreeTarget(LocalTree(folder / "anew"), "tree-2")
            world.root = folder / "anew"
            world.publish()
            assert visible(world) == got
    finally:
        shutil.rmtree(folder)
