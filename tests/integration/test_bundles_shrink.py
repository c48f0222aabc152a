"""A selection that lost versions since rules outside changed is asked about, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pair import Machines, Pair, bulky
from tests.integration.site import USAGE
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

KEPT, DROPPED = "std.example/kept", "std.example/dropped"


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


@pytest.fixture
def pair(machines: Machines, tmp_path: Path) -> Iterator[Pair]:
    """Outside and inside have both modules."""
    with Simulator() as sim:
        for path in (KEPT, DROPPED):
            sim.publish(bulky(path))
        pair = Pair(tmp_path, sim, machines, modules=[KEPT, DROPPED])
        pair.sync()
        pair.take(pair.make())
        pair.ack()
        yield pair


def test_rules_that_changed_are_shown_and_asked_about(pair: Pair):
    pair.outside.select([KEPT])
    pair.sync()
    shrunk = pair.make()
    want = {
        "versions": 1,
        "was": [f"select {KEPT}, {DROPPED}"],
        "now": [f"select {KEPT}"],
    }
    shown = pair.run_inside("bundle", "inspect", str(shrunk)).document
    assert shown["shrink"] == want

    before = pair.inside.tree_files()
    refused = pair.take(shrunk, expect=USAGE)
    for text in ("1 versions leave because", f"- select {KEPT}, ", "--accept-shrink"):
        assert text in refused.stderr
    assert pair.inside.tree_files() == before

    taken = pair.take(shrunk, "--accept-shrink").document
    assert (taken["outcome"], taken["shrink"]) == ("applied", want)
    assert pair.inside.carried() == {f"{KEPT}@v1.0.0"}
    pair.ack()

    # Taken in once, it is not asked about again; nor is what the next one brings.
    assert pair.take(shrunk).document["outcome"] == "unchanged"
    pair.outside.select([KEPT, DROPPED])
    pair.sync()
    assert pair.take(pair.make()).document["shrink"] is None
    pair.check_alone()


def test_one_that_builds_on_it_and_comes_alone_asks_too(pair: Pair):
    pair.outside.select([KEPT])
    pair.sync()
    pair.make()
    pair.run_outside("withdraw", "std.example/any@v1.0.0", "--reason", "a test")
    later = pair.make("--base", "sealed")

    refused = pair.take(later, expect=USAGE)
    assert "1 versions leave because" in refused.stderr
    pair.take(later, "--accept-shrink")
    assert pair.inside.carried() == {f"{KEPT}@v1.0.0"}


def test_what_upstream_lost_or_an_operator_withdrew_is_no_shrink(pair: Pair):
    pair.run_outside("withdraw", f"{DROPPED}@v1.0.0", "--reason", "a test")
    made = pair.make()
    shown = pair.run_inside("bundle", "inspect", str(made)).document
    assert shown["shrink"] is None
    pair.take(made)
