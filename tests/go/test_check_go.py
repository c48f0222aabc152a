"""Broken worlds: go's log, and the world asked on top, name the true cause."""

from __future__ import annotations

from typing import Final

import pytest

from gosync.clock import SystemClock
from gosync.diagnose.checking import CheckSetting, WorldCheck
from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue
from tests.go.brokencauses import go_says
from tests.unit.diagnose.doctor.test_worlds import environment_of
from tests.unit.diagnose.doctor.worlds import WORLDS, scene_in

pytestmark = pytest.mark.go

_QUICK: Final = ("page for zip",)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=() if each in _QUICK else pytest.mark.long)
        for each in WORLDS
        if each != "silent"  # go waits for ever
    ],
)
def test_a_checked_log_names_the_true_cause(name, tmp_path):
    cause, world = WORLDS[name]
    with scene_in(tmp_path) as scene:
        asked = world(scene)
        _, log = go_says(scene, asked)
        setting = CheckSetting(
            environment=environment_of(scene, asked),
            folder=scene.folder,
            command=("go", *asked.go_arguments),
            timeout_seconds=asked.timeout,
        )
        reading = Recogniser(shipped_catalogue()).read(log.encode())
        checked = WorldCheck(shipped_catalogue(), setting, SystemClock()).check(reading)

    names = {
        name
        for one in checked.failures
        for name in (one.candidates if len(one.candidates) == 1 else [one.failure.name])
    }
    assert cause in names, log
