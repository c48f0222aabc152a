"""A publish says where order matters: a tree that shuffles each wave is never wrong."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from gosync.publish.storage.localtree import LocalTreeWriter
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.test_crash import prepared
from tests.unit.publish.world import NAME


@pytest.fixture(params=[1, 2, 3])
def shuffled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a folder show a wave's files in any order, and links with it.

    So an object store does that puts them side by side.
    """
    order = random.Random(request.param)
    ends: list[int] = []
    commit = LocalTreeWriter.commit

    def end(writer: LocalTreeWriter) -> None:
        ends.append(len(writer._waiting))

    def show(writer: LocalTreeWriter) -> None:
        waiting, start = writer._waiting, 0
        for stop in [*ends, len(waiting)]:
            wave = waiting[start:stop]
            order.shuffle(wave)
            waiting[start:stop], start = wave, stop
        ends.clear()
        commit(writer)

    def link(
        writer: LocalTreeWriter, path: str, blobs: BlobReader, digest: Digest, _: int
    ) -> bool:
        return writer.write(path, blobs.read(digest))

    monkeypatch.setattr(LocalTreeWriter, "link", link)
    monkeypatch.setattr(LocalTreeWriter, "then", end)
    monkeypatch.setattr(LocalTreeWriter, "commit", show)


@pytest.mark.parametrize("turn", [1, 2, 3])
@pytest.mark.usefixtures("shuffled")
def test_what_a_tree_names_is_there_in_whatever_order_a_wave_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    with prepared(tmp_path, turn=turn) as world:
        looks: list[int] = []

        def look() -> None:
            looks.append(check_lists(world.root) + check_lookups(world.root, NAME))
            if {each.name for each in world.root.iterdir()} != {".gosync"}:
                assert (world.root / ".gosync/tree.json").exists(), "it is ours"

        for name in ("rename", "link", "unlink"):
            monkeypatch.setattr(os, name, _then(getattr(os, name), look))
        world.publish()
        assert len(looks) > 10
        assert max(looks) > 0
        assert world.publish().changes == 0


def _then(call: Callable[..., None], look: Callable[[], None]) -> Callable[..., None]:
    def and_look(*args: object, **options: object) -> None:
        call(*args, **options)
        look()

    return and_look
