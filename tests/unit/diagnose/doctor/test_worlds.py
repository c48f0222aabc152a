"""Each broken world has one cause, and doctor names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gosync.clock import SystemClock
from gosync.diagnose import doctor
from gosync.diagnose.doctor.diagnosis import HEALTHY, Diagnosis
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.diagnose.shipped import shipped_catalogue
from tests.unit.diagnose.doctor.scene import Asked, Scene, scene_in
from tests.unit.diagnose.doctor.worlds import WORLDS

# Names of files, and a setting of git's.
_NO_CLASSES = {
    *("go.mod", "go.sum", "go.env", "go.work", "sum.golang.org"),
    "http.proxy",
}
_BY_STATUS = {f"http.{status}" for status in (404, 410, 500, 502, 503, 504)}


@pytest.fixture
def scene(tmp_path):
    with scene_in(tmp_path) as made:
        yield made


def environment_of(scene: Scene, asked: Asked) -> dict[str, str]:
    home = scene.folder / "home"
    home.mkdir(exist_ok=True)
    return {
        "PATH": "/usr/bin:/bin",  # git is there, go is not: to ask it takes time
        "HOME": str(home),
        "GOPATH": str(home / "gopath"),
        "GOENV": "off",
        **asked.env,
    }


def diagnose(scene: Scene, asked: Asked) -> tuple[Diagnosis, DoctorRun]:
    request = DoctorRequest(
        subject=asked.subject,
        environment=environment_of(scene, asked),
        folder=scene.folder,
        timeout_seconds=asked.timeout,
        ask=asked.ask,
    )
    run = DoctorRun(request, SystemClock())
    return run.diagnose(), run


@pytest.mark.parametrize("name", list(WORLDS))
def test_doctor_names_the_cause(name: str, scene: Scene) -> None:
    cause, world = WORLDS[name]
    asked = world(scene)

    diagnosis, _ = diagnose(scene, asked)

    assert diagnosis.conclusion.cause == cause, diagnosis
    assert diagnosis.exit_code == asked.exit_code
    assert diagnosis.conclusion.remedy


def test_a_healthy_world_has_no_finding(scene: Scene) -> None:
    mark = scene.sim.mark()

    diagnosis, _ = diagnose(scene, Asked(scene.env()))

    assert diagnosis.conclusion.cause == HEALTHY
    assert diagnosis.exit_code == 0
    assert not [each for stage in diagnosis.stages for each in stage.findings]
    assert len(scene.sim.requests_since(mark)) <= 12


def test_what_doctor_concludes_is_in_the_catalogue() -> None:
    known = {each.name for each in shipped_catalogue()}
    families = {each.partition(".")[0] for each in known}
    named = {
        literal
        for path in Path(doctor.__file__).parent.glob("*.py")
        for literal in re.findall(r'"([a-z]+\.[a-z0-9_]+)"', path.read_text("utf-8"))
        if literal.partition(".")[0] in families and "." in literal
    }

    assert named - known - _NO_CLASSES == set()
    assert {cause for cause, _ in WORLDS.values()} <= named | _BY_STATUS
