"""Broken worlds: go's log, and the world asked on top, name the true cause."""

from __future__ import annotations

from typing import Final

import pytest

from tests.go.brokencauses import checked_causes, go_says
from tests.unit.diagnose.doctor.scene import scene_in
from tests.unit.diagnose.doctor.worlds import WORLDS

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
        names = checked_causes(scene, asked, log)

    assert cause in names, log
