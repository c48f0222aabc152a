"""What a real go says in a broken world of doctor's, and what explain makes of it."""

from __future__ import annotations

from gosync.clock import SystemClock
from gosync.diagnose.checking import CheckSetting, WorldCheck
from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue
from tests.simulator.goclient import GoClient
from tests.unit.diagnose.doctor.scene import Asked, Scene
from tests.unit.diagnose.doctor.test_worlds import environment_of


def go_says(scene: Scene, asked: Asked) -> tuple[int, str]:
    """Return a real go's exit code and output."""
    env = environment_of(scene, asked)
    if "PATH" not in asked.env:
        env.pop("PATH")
    client = GoClient(scene.folder / "go", goproxy="", gosumdb="", env=env)
    (client.work / "go.mod").write_text("module here.example/m\n\ngo 1.21\n")
    with client:
        done = client.try_run(*asked.go_arguments)
    return done.returncode, done.stdout + done.stderr


def told_causes(log: str) -> set[str]:
    """Return the causes that the text alone leaves open, or names."""
    reading = Recogniser(shipped_catalogue()).read(log.encode())
    return {
        name
        for each in reading.failures
        for name in (each.candidates or (each.failure.name,))
    }


def checked_causes(scene: Scene, asked: Asked, log: str) -> set[str]:
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
