"""Whoever reads while we publish never sees half (I6)."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Self

import pytest

from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, World


class Reader(threading.Thread):
    """Samples every list and lookup until it is told to stop."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.over = threading.Event()
        self.names = 0
        self.rounds = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self.names += check_lists(self.root)
                check_lookups(self.root, NAME)
                self.rounds += 1
        except BaseException as exc:  # noqa: BLE001 - raised in __exit__
            self.failure = exc

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()
        if self.failure is not None:
            raise self.failure


def test_a_reader_never_sees_a_listed_version_without_its_files(world: World) -> None:
    with Reader(world.root) as reader:
        for turn in range(6):
            for module in range(4):
                path = f"example.com/m{module}"
                world.add(path, *(f"v1.{turn}.{patch}" for patch in range(3)))
            world.log.grow(300)
            world.publish()
            for module in range(4):
                path = f"example.com/m{module}"
                world.withdraw(path, f"v1.{turn}.0", f"v1.{turn}.2")
            world.withdraw("example.com/m3", f"v1.{turn}.1")
            world.publish()
    assert reader.rounds > 3
    assert reader.names > 20


def test_every_single_step_of_a_publish_leaves_the_tree_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, exactly: looked at before and after each change of a name."""
    steps: list[str] = []

    def watch(name: str) -> None:
        real = getattr(os, name)

        def step(*args: object, **kwargs: object) -> object:
            result = real(*args, **kwargs)
            steps.append(str(args[-1]).removeprefix(f"{world.root}/"))
            check_lists(world.root)
            check_lookups(world.root, NAME)
            return result

        monkeypatch.setattr(os, name, step)

    world.add("example.com/m", "v1.0.0", "v1.1.0")
    world.publish()
    head = world.head()
    world.log.grow(300)
    world.withdraw("example.com/m", "v1.1.0")
    world.add("example.com/m", "v1.2.0")
    head = world.head()
    world.fetch_tiles(head)
    for name in ("rename", "link", "unlink"):
        watch(name)
    world.publisher.publish(world.tree, head)
    monkeypatch.undo()
    assert _order(steps) == sorted(_order(steps))
    assert len(steps) > 20


RANKS = (
    "/tile/",
    "/supported",
    "/lookup/",
    "v1.2.0.mod",
    "v1.2.0.zip",
    "v1.2.0.info",
    "@latest",
    "@v/list",
)


def _order(steps: list[str]) -> list[int]:
    """Return each step's place in the order of I6; for a module that shrinks."""
    return [
        rank
        for step in steps
        for rank, part in enumerate(RANKS)
        if part in step and "v1.1.0" not in step
    ]


def test_lists_come_before_latest_where_nothing_is_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = os.rename

    def rename(source: str, target: str) -> None:
        seen.append(Path(target).name)
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    world.add("example.com/m", "v1.0.0")
    world.publish()
    assert seen.index("list") < seen.index("@latest") < seen.index("latest")
    assert seen.index("supported") < seen.index("m@v1.0.0") < seen.index("list")


def test_removing_runs_backwards(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("example.com/m", "v1.0.0", commit="a" * 40)
    world.add("example.com/n", "v1.0.0")
    world.publish()
    removed: list[str] = []
    real = os.unlink

    def unlink(path: str) -> None:
        removed.append(Path(path).name)
        real(path)

    world.withdraw("example.com/m", "v1.0.0")
    head = world.head()
    monkeypatch.setattr(os, "unlink", unlink)
    world.publisher.publish(world.tree, head)
    monkeypatch.undo()
    # Writers probe the umask with files of these names.
    assert [name for name in removed if not name.isdecimal()] == [
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
