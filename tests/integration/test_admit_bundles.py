"""Verdicts of scanners cross the gap; inside, its own scanners are asked anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pair import Machines, Pair
from tests.integration.site import OK
from tests.integration.test_admit import BAD, GOOD, declare, infected, scanner
from tests.simulator import Simulator
from tests.simulator.standard import module

pytestmark = pytest.mark.long


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with Simulator() as sim, Machines() as machines:
        sim.publish(module(GOOD, "v1.0.0"))
        sim.publish(infected("v1.0.0"))
        yield Pair(tmp_path, sim, machines, modules=[GOOD, BAD])


def test_what_was_refused_outside_does_not_come_in(pair: Pair, tmp_path: Path):
    declare(pair.outside, command=[scanner(tmp_path, '! grep -rq EICAR "$1"')])
    pair.sync()
    pair.take(pair.make())
    assert pair.inside.carried() == {f"{GOOD}@v1.0.0"}
    assert list((pair.inside.tree / "documents" / "verdicts").rglob("*.json"))
    assert f"{BAD}@v1.0.0" in pair.inside.run("policy", "list").stdout


def test_the_inside_asks_its_own_scanner(pair: Pair, tmp_path: Path):
    declare(pair.outside, command=[scanner(tmp_path, "exit 0")])
    pair.sync()
    (tmp_path / "inner").mkdir()
    command = [scanner(tmp_path / "inner", '! grep -rq EICAR "$1"')]
    declare(pair.inside, command=command)
    pair.take(pair.make(), expect=None)
    assert pair.inside.carried() == {f"{GOOD}@v1.0.0"}
    assert pair.outside.carried() == {f"{GOOD}@v1.0.0", f"{BAD}@v1.0.0"}
    pair.run_inside("verify", expect=OK)
