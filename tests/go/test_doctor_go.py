"""Broken worlds asked by a real go: its log and doctor's walk name the same cause.

Where the log leaves it open, ``explain --check`` names it.

What go prints tells some causes only as candidates, and of some worlds it says less
than doctor knows; these are listed, each with what the log tells.
"""

from __future__ import annotations

from typing import Final

import pytest

from gosync.diagnose.doctor.withgo import read_words
from tests.go.brokencauses import checked_causes, go_says
from tests.unit.diagnose.doctor.scene import Scene, scene_in
from tests.unit.diagnose.doctor.test_worlds import diagnose
from tests.unit.diagnose.doctor.worlds import WORLDS

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

    code, log = go_says(scene, asked)
    diagnosis, _ = diagnose(scene, asked)

    assert diagnosis.conclusion.cause == cause
    told = _TOLD.get(name, cause)
    if told is None:
        assert code == 0, log
        return
    assert code != 0, log
    answer = read_words(log.encode(), ok=False)
    assert told in answer.causes, (answer, log)
    assert {told, cause} & checked_causes(scene, asked, log), log
