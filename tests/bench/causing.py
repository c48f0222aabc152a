"""How many true causes explain names, of what a real go prints in broken worlds.

Each world of tests/unit/diagnose/doctor/worlds.py is asked by a real go; its output is
explained as text, and then with ``--check`` in the world that made it. A world in which
go is content has nothing to explain.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.go.brokencauses import checked_causes, go_says, told_causes
from tests.unit.diagnose.doctor.scene import scene_in
from tests.unit.diagnose.doctor.worlds import WORLDS

_ENDLESS = "silent"  # go waits for ever
_MOST_MISSED = 0.04


def name_causes(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    outcomes: list[tuple[str, bool, bool]] = []
    for number, (name, (cause, _)) in enumerate(WORLDS.items()):
        if name != _ENDLESS:
            folder = setting.room(f"causes-{number}")
            outcomes += [(name, *found) for found in _asked(folder, name, cause)]
    for title, place in (("the text tells not at all", 1), ("--check misses", 2)):
        missed = [each[0] for each in outcomes if not each[place]]
        figure = f"of {len(outcomes)} causes, {title}: {', '.join(missed) or 'none'}"
        share = len(missed) / len(outcomes)
        yield within(figure, [share], limit=_MOST_MISSED, unit="of them")


def _asked(folder: Path, name: str, cause: str) -> Iterator[tuple[bool, bool]]:
    """Yield whether text and check name the cause, where go fails at all."""
    with scene_in(folder) as scene:
        asked = WORLDS[name][1](scene)
        code, log = go_says(scene, asked)
        if code != 0:
            yield cause in told_causes(log), cause in checked_causes(scene, asked, log)
