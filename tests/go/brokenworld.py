"""A broken world that a real go meets: what explain makes of what it prints."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue
from tests.go.brokenproxy import Answer, BrokenProxy, but
from tests.go.golangs import NEWEST, OLDER, need_go
from tests.simulator.goclient import GoClient
from tests.tiers import EVERY_STEP

_RECOGNISER = Recogniser(shipped_catalogue())


class BrokenWorld(msgspec.Struct, frozen=True):
    """What is broken, and what explain is to call it.

    Attributes:
        name: What is broken.
        classes: The class; or those that it may be, by the version of Go.
        answer: What the proxy answers.
        command: What go is asked; "{PORT}" in the environment is the proxy's.
        env: Variables.
        files: The project's files.
    """

    name: str
    classes: str
    answer: Answer = but()
    command: str = "mod download a.example/m@v1.0.0"
    env: Mapping[str, str] = {}
    files: Mapping[str, str] = {}


def cells(worlds: Sequence[BrokenWorld]) -> Iterator[object]:
    """Yield worlds by versions of go, most of them for the second tier."""
    for place, world in enumerate(worlds):
        for version in (NEWEST, *OLDER):
            quick = version == NEWEST and place % 6 == 0
            marks = () if quick or EVERY_STEP else (pytest.mark.long,)
            yield pytest.param(
                world, version, marks=marks, id=f"{world.name}-{version}"
            )


def assert_named(world: BrokenWorld, version: str, folder: Path) -> None:
    """Run go in a world, and hold what explain names against its classes."""
    with BrokenProxy(world.answer) as proxy:
        log = _heard(world, proxy.port, need_go(version), folder)

    reading = _RECOGNISER.read(log)
    named = {each.failure.name for each in reading.failures}
    assert bool(named) == bool(world.classes), log
    assert named <= set(world.classes.split()), log
    assert reading.unnamed == ()


def _heard(world: BrokenWorld, port: int, go: Path, folder: Path) -> bytes:
    client = GoClient(folder, go=go, goproxy=f"http://127.0.0.1:{port}", gosumdb="off")
    for name, text in world.files.items():
        file = client.work / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    given = {
        name: value.replace("{PORT}", str(port)) for name, value in world.env.items()
    }
    done = subprocess.run(
        [client.go, *world.command.split()],
        cwd=client.work,
        env={**client.env, "GOFLAGS": "-modcacherw", **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
    )
    return done.stdout
