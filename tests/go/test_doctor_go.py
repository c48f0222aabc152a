"""Broken worlds asked by a real go: its log and doctor's walk name the same cause.

Where the log leaves it open, ``explain --check`` names it.

What go prints tells some causes only as candidates, and of some worlds it says less
than doctor knows; these are listed, each with what the log tells.
"""

from __future__ import annotations

from typing import Final

import pytest

from gosync.clock import SystemClock
from gosync.diagnose.checking import CheckSetting, WorldCheck
from gosync.diagnose.doctor.withgo import read_words
from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue
from tests.simulator.goclient import GoClient
from tests.unit.diagnose.doctor.test_worlds import diagnose, environment_of
from tests.unit.diagnose.doctor.worlds import WORLDS, Asked, Scene, scene_in

pytestmark = pytest.mark.go

# Where the log tells another class than the cause; None: go is content.
_TOLD: Final[dict[str, str | None]] = {
    "page for list": None,
    # Go has no tile of the remembered tree, and asks for one: it is the other's.
    "forked database": "sum.forged",
}
_QUICK: Final = ("unknown authority", "page for zip", "pattern that misses")


@pytest.fixture
def scene(tmp_path):
    with scene_in(tmp_path) as made:
        yield made


def _go_says(scene: Scene, asked: Asked) -> tuple[int, str]:
    env = environment_of(scene, asked)
    if "PATH" not in asked.env:
        env.pop("PATH")
    client = GoClient(scene.folder / "go", goproxy="", gosumdb="", env=env)
    (client.work / "go.mod").write_text("module here.example/m\n\ngo 1.21\n")
    with client:
        done = client.try_run(*asked.go_arguments)
    return done.returncode, done.stdout + done.stderr


def _checked(scene: Scene, asked: Asked, log: str) -> set[str]:
    """Return the causes that ``explain --check`` names of a log, in its world."""
    setting = CheckSetting(
        environment=environment_of(scene, asked),
        folder=scene.folder,
        command=("go", *asked.go_arguments),
        timeout_seconds=asked.timeout,
    )
    catalogue = shipped_catalogue()
    reading = Recogniser(catalogue).read(log.encode())
    found = WorldCheck(catalogue, setting, SystemClock()).check(reading)
    return {(each.candidates or (each.failure.name,))[0] for each in found.failures}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=() if each in _QUICK else pytest.mark.long)
        for each in WORLDS
        if each != "silent"  # go waits for ever
    ],
)
def test_go_and_doctor_name_the_same_cause(name: str, scene: Scene) -> None:
    cause, world = WORLDS[name]
    asked = world(scene)

    code, log = _go_says(scene, asked)
    diagnosis, _ = diagnose(scene, asked)

    assert diagnosis.conclusion.cause == cause
    told = _TOLD.get(name, cause)
    if told is None:
        assert code == 0, log
        return
    assert code != 0, log
    answer = read_words(log.encode(), ok=False)
    assert told in answer.causes, (answer, log)
    assert {told, cause} & _checked(scene, asked, log), log
