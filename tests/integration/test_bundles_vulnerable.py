"""Bundles say which versions became known as vulnerable, outside and inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.artifact import VULNDB
from gosync.folder.routes import FEED
from gosync.osv.files import database_files
from tests.integration.pair import TARGET, Machines, Pair
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.unit.vulndb.entries import FIRST, entry, fixed

pytestmark = pytest.mark.slow

BAD, OTHER = "bad.example/m", "other.example/m"
ONE, TWO = "GO-2024-0001", "GO-2024-0002"


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


class Gap:
    """A pair of sites whose outside keeps a vulnerability database."""

    def __init__(self, sim: Simulator, pair: Pair) -> None:
        self.sim = sim
        self.pair = pair

    def database(self, *entries: bytes) -> None:
        """Let the outside have these entries."""
        by_id = {json.loads(each)["id"]: each for each in entries}
        for name, data in database_files(by_id, modified=None).items():
            self.pair.keep(VULNDB, name, data)

    def cross(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Carry what is new inside; return what both sides say became known."""
        where = ("--out", str(self.pair.media))
        made = self.pair.run_outside("bundle", "create", TARGET, *where).document
        taken = self.pair.take(Path(made["folder"])).document
        self.pair.ack()
        assert (made["vulnerable_more"], taken["vulnerable_more"]) == (0, 0)
        return made["vulnerable"], taken["vulnerable"]


@pytest.fixture
def gap(machines: Machines, tmp_path: Path) -> Iterator[Gap]:
    with Simulator() as sim:
        for path in (BAD, OTHER):
            sim.publish(module(path, "v1.0.0"))
        pair = Pair(tmp_path, sim, machines, modules=[BAD, OTHER])
        pair.sync()
        yield Gap(sim, pair)


def brief(found: list[dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
    return [(each["id"], each["module"], each["versions"]) for each in found]


def test_what_became_known_since_the_last_bundle_is_told_on_both_sides(gap: Gap):
    assert gap.cross() == ([], []), "there is no database yet"

    old = entry(ONE, FIRST, fixed("1.5.0"), module=BAD, aliases=["CVE-2024-1"])
    gap.database(old)
    made, taken = gap.cross()
    assert made == taken
    assert made == [
        {
            "module": BAD,
            "id": ONE,
            "aliases": ["CVE-2024-1"],
            "summary": f"what {ONE} is",
            "versions": ["v1.0.0"],
            "count": 1,
            "fixed": "v1.5.0",
            "fixed_is_carried": False,
        }
    ]

    # Another version that it affects comes, and with it the one that is fixed.
    for version in ("v1.1.0", "v1.5.0"):
        gap.sim.publish(module(BAD, version))
    gap.pair.sync()
    made, taken = gap.cross()
    assert made == taken
    assert brief(made) == [(ONE, BAD, ["v1.1.0"])]
    assert made[0]["fixed_is_carried"]

    # Another entry comes; of one that changed only what it did not say before is told.
    changed = entry(
        ONE, FIRST, fixed("1.6.0"), module=BAD, modified="2026-03-01T00:00:00Z"
    )
    gap.database(changed, entry(TWO, FIRST, module=OTHER))
    made, taken = gap.cross()
    assert made == taken
    assert brief(made) == [(TWO, OTHER, ["v1.0.0"]), (ONE, BAD, ["v1.5.0"])]


def test_people_read_it_and_the_same_bundle_tells_it_once(gap: Gap):
    pair = gap.pair
    hostile = "what\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 3_000
    gap.database(entry(ONE, FIRST, fixed("1.5.0"), module=BAD, aliases=[hostile]))
    bundle = pair.make()
    stdout = pair.inside.people(*pair.import_command(bundle))
    (line,) = [e for e in stdout.splitlines() if e.startswith("newly known:")]
    assert f"{BAD} v1.0.0: fixed in v1.5.0, not carried" in line
    assert line.isprintable()
    assert len(line) < 200
    assert pair.take(bundle).document["vulnerable"] == []

    status = pair.run_inside("status", expect=OK).document
    assert status["vulnerable"] == 1
    (newest,) = status["vulnerable_newest"]
    assert (newest["id"], newest["module"], newest["count"]) == (ONE, BAD, 1)
    assert newest["since"] > "2026-01-02T03:04:05Z", "it came in later"
    assert f"vulnerable: {BAD} by {ONE}" in (pair.inside.tree / FEED).read_text()
