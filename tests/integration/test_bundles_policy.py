"""Decisions on the policy cross with bundles, and count inside beside what is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.offered import offer
from tests.integration.pair import Machines, Pair
from tests.integration.site import Site
from tests.integration.siteconfig import Section
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

KEPT, DENIED = "kept.example/m", "denied.example/m"
WHY = ("--reason", "hijacked", "--by", "ann")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with Machines() as machines, Simulator() as sim:
        offer(sim, KEPT, "v1.0.0")
        offer(sim, DENIED, "v1.0.0")
        pair = Pair(tmp_path, sim, machines, modules=[KEPT, DENIED])
        pair.sync()
        pair.take(pair.make())
        pair.ack()
        yield pair


def zips(site: Site) -> list[bool]:
    return [(site.tree / m / "@v/v1.0.0.zip").exists() for m in (KEPT, DENIED)]


def test_what_is_denied_outside_leaves_the_tree_inside(pair: Pair) -> None:
    assert zips(pair.inside) == [True, True]
    made = pair.run_outside("policy", "deny", DENIED, *WHY).document["decision"]
    pair.sync()
    pair.take(pair.make())
    assert zips(pair.outside) == zips(pair.inside) == [True, False]
    told = pair.run_inside("policy", "list").document["decisions"]
    assert [each["id"] for each in told] == [made["id"]]

    pair.run_inside("policy", "deny", KEPT, *WHY)
    pair.run_inside("publish")
    pair.ack()
    pair.run_outside("policy", "undo", made["id"])
    pair.sync()
    pair.take(pair.make())
    assert zips(pair.outside) == [True, True]
    assert zips(pair.inside) == [False, True], "what was decided inside stays"


def test_what_must_be_signed_comes_in_inside_once_it_is(
    pair: Pair, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    made = pair.run_outside("key", "new", "officer", "--dir", str(keys)).document
    rule = {"patterns": [DENIED], "keys": [made["public_file"]]}
    sections: dict[str, Section] = {
        "policy": {f"require_signature.{key}": each for key, each in rule.items()}
    }
    pair.inside.declare(**sections)
    pair.run_inside("publish")
    assert zips(pair.inside) == [True, False], "nobody has signed it"
    pair.run_outside("attest", "sign", DENIED, "--key", made["secret_file"])
    pair.sync()
    pair.take(pair.make())
    assert zips(pair.inside) == [True, True]
    tree, public = str(pair.inside.tree), made["public_file"]
    pair.run_inside("attest", "check", DENIED, "--tree", tree, "--key", public)
