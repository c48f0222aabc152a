"""A tree that is mirrored with the real rsync: the copy is whole at every moment.

The script of samples is run with stand-ins for rsync and rm before the real ones in
PATH. They ask before each call, so that a test looks, publishes meanwhile, or kills.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select

import pytest

from gosync.folder.routes import MARKER_FOLDER, STATUS
from tests.tiers import spread
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, World, snapshot

SCRIPT = Path(__file__).parents[2] / "samples/mirror-rsync.sh"
M, N, OLD = "example.com/m", "example.com/Upper/n", "example.com/old"
CALLS = 5  # of rsync in a round
RSYNC = shutil.which("rsync")

pytestmark = pytest.mark.skipif(RSYNC is None, reason="there is no rsync")


class Mirror:
    """A copy of a tree, and the script that makes it.

    Attributes:
        copy: Where the copy is.
    """

    def __init__(self, folder: Path, source: Path) -> None:
        self.copy = folder / "copy"
        self._source = source
        self._ask, self._answer = folder / "ask", folder / "answer"
        self._programs = folder / "programs"
        self._log = folder / "log"
        self._programs.mkdir()
        for fifo in (self._ask, self._answer):
            os.mkfifo(fifo)
        for name in ("rsync", "rm"):
            stand_in = self._programs / name
            stand_in.write_text(
                f'#!/bin/sh\necho {name} >"{self._ask}"\nread -r _ <"{self._answer}"\n'
                f'exec {shutil.which(name)} "$@"\n'
            )
            stand_in.chmod(0o755)

    def run(
        self,
        before: Callable[[int, subprocess.Popen[bytes]], None] = lambda *_: None,
        *,
        expect: int = 0,
    ) -> None:
        """Run the script.

        Args:
            before: Called before each call of rsync, with its number and the script.
            expect: The exit code.
        """
        ask = os.open(self._ask, os.O_RDWR | os.O_NONBLOCK)
        answer = os.open(self._answer, os.O_RDWR)
        path = f"{self._programs}:{os.environ['PATH']}"
        try:
            with self._log.open("wb") as log:
                process = subprocess.Popen(
                    [SCRIPT, f"{self._source}/", self.copy],
                    env={**os.environ, "PATH": path},
                    start_new_session=True,
                    stderr=log,
                )
            number = 0
            while process.poll() is None:
                if select([ask], [], [], 0.02)[0]:
                    if os.read(ask, 16) == b"rsync\n":
                        before(number, process)
                        number += 1
                    else:
                        self.check()
                    os.write(answer, b"\n")
        finally:
            os.close(ask)
            os.close(answer)
        assert process.returncode == expect, self._log.read_text()

    def check(self) -> None:
        """Check what must hold at every moment."""
        check_lists(self.copy)
        check_lookups(self.copy, NAME)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the script and all that it runs."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def same(mirror: Mirror, world: World) -> None:
    """Check that the copy has what the tree has."""
    want = {
        path: data
        for path, data in snapshot(world.root).items()
        if not path.startswith(f"{MARKER_FOLDER}/") and path != STATUS
    }
    assert snapshot(mirror.copy) == want


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "world", records=300) as made:
        made.add(M, "v1.0.0", "v1.1.0")
        made.add(OLD, "v1.0.0")
        made.publish()
        yield made


def go_on(world: World) -> None:
    """Publish more, with a newer head, and take something away."""
    world.log.grow(300)
    world.add(M, "v1.2.0")
    world.add(N, "v1.0.0-RC.1")
    world.forget(M, "v1.0.0")
    world.forget(OLD, "v1.0.0")
    world.publish()


def test_a_copy_follows_and_what_went_goes(world: World, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, world.root)
    mirror.run()
    same(mirror, world)
    go_on(world)
    mirror.run()
    same(mirror, world)
    mirror.check()
    calls: list[int] = []
    mirror.run(lambda number, _: calls.append(number))
    assert len(calls) == CALLS
    assert not mirror.copy.with_name("copy.rsync").exists()


@pytest.mark.sampled
def test_a_publish_at_any_moment_leaves_no_name_without_its_file(
    world: World, tmp_path: Path
) -> None:
    for at in spread(range(CALLS), 2):
        folder = tmp_path / str(at)
        folder.mkdir()
        with World(folder / "world", records=300) as changing:
            changing.add(M, "v1.0.0", "v1.1.0")
            changing.add(OLD, "v1.0.0")
            changing.publish()
            mirror = Mirror(folder, changing.root)
            mirror.run()

            def publish(number: int, _: object, at: int = at) -> None:
                mirror.check()  # noqa: B023 - it is called in this round
                if number == at:
                    go_on(changing)

            mirror.run(publish)
            mirror.check()
            same(mirror, changing)


@pytest.mark.sampled
def test_killed_at_any_moment_it_is_whole_and_gone_on_with(
    world: World, tmp_path: Path
) -> None:
    moments = [(call, wait) for call in range(CALLS) for wait in (0.0, 0.01, 0.03, 0.1)]
    mirror = Mirror(tmp_path, world.root)
    mirror.run()
    start = tmp_path / "start"
    shutil.copytree(mirror.copy, start)
    go_on(world)
    for call, wait in spread(moments, 4):
        shutil.rmtree(mirror.copy)
        shutil.copytree(start, mirror.copy)

        def strike(
            number: int, process: subprocess.Popen[bytes], call: int = call
        ) -> None:
            if number == call:
                timer = threading.Timer(wait, kill, [process])  # noqa: B023
                timer.start()

        with suppress(AssertionError):  # it may have been done by then
            mirror.run(strike, expect=-signal.SIGKILL)
        time.sleep(wait)
        mirror.check()
        mirror.run()
        same(mirror, world)


def test_a_source_that_fails_changes_no_name(world: World, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, world.root)
    mirror.run()
    before = snapshot(mirror.copy)
    away = world.root.rename(tmp_path / "away")
    mirror.run(expect=23)
    assert snapshot(mirror.copy) == before
    away.rename(world.root)
