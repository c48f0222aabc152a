"""Bundles from a site outside to a site inside, in every order in which they come."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pair import GAP, Machines, Pair, grow
from tests.integration.site import SECURITY, USAGE, digests
from tests.integration.wreck import Story
from tests.simulator import Simulator
from tests.simulator.standard import DOTTED_MAJOR, PRIVATE, UPPER

pytestmark = pytest.mark.slow

MODULES = [UPPER, PRIVATE, f"{DOTTED_MAJOR}@v1.0.0/go.mod", "std.example/*"]


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def pair(sim: Simulator, machines: Machines, tmp_path: Path) -> Pair:
    """Outside has synced once."""
    Story(sim)
    sim.database.lookup_size = None
    pair = Pair(tmp_path, sim, machines, modules=MODULES, private=["corp.example"])
    pair.sync()
    return pair


def test_an_increment_builds_on_what_was_acknowledged(sim: Simulator, pair: Pair):
    full = pair.make()
    before = digests(full)
    first = pair.take(full).document
    assert (first["outcome"], first["now"]["sequence"]) == ("applied", 1)
    pair.check()
    assert digests(full) == before, "the medium is only read"
    assert pair.ack()["state"] == "acked"

    grow(pair, sim, 2)
    second = pair.take(pair.make()).document
    assert (second["bundle"]["kind"], second["versions_brought"]) == ("increment", 1)
    pair.check()
    assert pair.came() == {1: "applied", 2: "applied"}


def test_the_list_travels_as_a_difference_to_the_receipt_s(sim: Simulator, pair: Pair):
    def told(bundle: Path) -> dict[str, Any] | None:
        shown = pair.run_inside("bundle", "inspect", str(bundle)).document
        found: dict[str, Any] | None = shown["difference"]
        return found

    full = pair.make()
    assert told(full) is None
    pair.take(full)
    pair.ack()
    grow(pair, sim, 2)
    second = pair.make()
    found = told(second)
    assert found is not None
    assert (found["told"], found["gone"]) == (1, 0)
    for arguments in ([], ["--base", str(pair.outside.tree)]):
        pair.run_inside("bundle", "verify", str(second), *arguments)
    pair.take(second)
    grow(pair, sim, 3)
    third = pair.make()
    assert told(third) is not None, "the receipt of the first is here"
    pair.take(third)
    pair.check()

    pair.ack()
    shutil.rmtree(pair.inside.folder / "store" / "lists")
    grow(pair, sim, 4)
    fourth = pair.make()
    assert pair.take(fourth, expect=GAP).document["outcome"] == "staged"
    assert pair.needed()["selection"] is True
    repair = pair.make("--need", str(pair.need))
    assert told(repair) is None
    assert pair.take(repair).document["outcome"] == "applied"
    pair.check()


@pytest.mark.long
def test_a_site_that_keeps_no_list_is_told_it_whole(sim: Simulator, pair: Pair):
    pair.take(pair.make())
    said = json.loads(pair.receipt.read_bytes())
    said["reads"]["requires"].remove("list-differences")
    pair.receipt.write_text(json.dumps(said))
    pair.ack()
    grow(pair, sim, 2)
    second = pair.make()
    header = json.loads((second / "bundle.json").read_bytes())
    assert (header["requires"], header["kind"]) == ([], "increment")
    pair.take(second)
    pair.check()


def test_the_same_bundle_again_changes_nothing(pair: Pair):
    full = pair.make()
    pair.take(full)
    before = pair.inside.states_of_files()

    again = pair.take(full).document
    assert again["outcome"] == "unchanged"
    assert again["published"]["changes"] == 0
    assert pair.inside.states_of_files() == before
    assert pair.receipt.exists()


def test_bundles_may_come_in_any_order(sim: Simulator, pair: Pair):
    pair.take(pair.make())
    pair.ack()
    grow(pair, sim, 2)
    two = pair.make()
    grow(pair, sim, 3)
    three = pair.make("--base", "sealed")

    tree = pair.inside.tree_files()
    early = pair.take(three, expect=GAP).document
    assert early["outcome"] == "staged"
    assert pair.inside.tree_files() == tree, "nothing is published"
    assert pair.came() == {1: "applied", 3: "staged"}
    need = pair.needed()
    assert need["applied"]["sequence"] == 1
    assert [each["sequence"] for each in need["staged"]] == [3]
    named = [(each["path"], each["version"]) for each in need["versions"]]
    assert named == [(UPPER, "v1.2.0"), (UPPER, "v1.3.0")], (
        "one is a patch of the other"
    )
    pair.take(three, expect=GAP)

    shutil.rmtree(three)
    late = pair.take(two).document
    assert late["now"]["sequence"] == 3
    pair.check()
    assert pair.came() == dict.fromkeys((1, 2, 3), "applied")
    assert not pair.need.exists(), "the gap is closed"
    assert list((pair.inside.store / "bundles").iterdir()) == []
    assert pair.take(two).document["outcome"] == "unchanged"
    assert pair.ack()["sequence"] == 3


def test_a_lost_bundle_is_repaired(sim: Simulator, pair: Pair):
    pair.take(pair.make())
    pair.ack()
    grow(pair, sim, 2)
    shutil.rmtree(pair.make())
    grow(pair, sim, 3)
    three = pair.make("--base", "sealed")
    pair.take(three, expect=GAP)
    grow(pair, sim, 4)

    repair = pair.make("--need", str(pair.need))
    done = pair.take(repair).document
    assert (done["bundle"]["kind"], done["now"]["sequence"]) == ("repair", 4)
    assert done["versions_brought"] == 3, "the lost, the staged and the new one"
    pair.check()
    assert pair.came() == {1: "applied", 3: "applied", 4: "applied"}
    pair.ack()
    grow(pair, sim, 5)
    pair.take(pair.make())
    pair.check()


@pytest.mark.long
def test_an_increment_for_a_site_that_lost_everything_is_repaired(
    sim: Simulator, pair: Pair, tmp_path: Path
):
    pair.take(pair.make())
    pair.ack()
    grow(pair, sim, 2)
    increment = pair.make()
    fresh = pair.new_inside(tmp_path / "fresh")

    pair.take(increment, expect=GAP, site=fresh)
    assert pair.needed()["applied"] is None
    repair = pair.make("--need", str(pair.need))
    pair.take(repair, site=fresh)
    pair.check(fresh)


def zip_blobs(pair: Pair, version: str) -> list[Path]:
    """Return the blob of a version of UPPER inside."""
    name = f"{UPPER}@{version}"
    digest = pair.run_inside("show", name).document["zip_digest"]
    return [pair.inside.store / "blobs" / "sha256" / digest[:2] / digest]


@pytest.mark.long
def test_what_the_store_inside_lost_comes_again(sim: Simulator, pair: Pair):
    full = pair.make()
    pair.take(full)
    pair.ack()
    grow(pair, sim, 2)
    two = pair.make()
    pair.take(two)
    pair.ack()
    for blob in zip_blobs(pair, "v1.2.0"):
        blob.unlink()
    again = pair.take(two).document
    assert (again["outcome"], again["versions_brought"]) == ("applied", 1)
    pair.check()

    for blob in zip_blobs(pair, "v1.0.0"):
        blob.unlink()
    lost = pair.take(two, expect=GAP).document
    assert (lost["outcome"], lost["need"]["staged"]) == ("damaged", [])
    repair = pair.make("--need", str(pair.need))
    assert pair.take(repair).document["versions_brought"] >= 1
    pair.check()


@pytest.mark.long
def test_what_is_selected_no_more_leaves_the_tree_inside(pair: Pair):
    pair.take(pair.make())
    pair.ack()
    pair.outside.select(["std.example/*", PRIVATE], exclude=[UPPER])
    pair.sync()
    pair.run_outside("prune", "--grace-days", "0")

    less = pair.make()
    limit = ("--accept-shrink", "--max-delete")
    refused = pair.take(less, *limit, "0", expect=USAGE)
    assert "--max-delete 2" in refused.document["hint"]
    report = pair.papers / "report.json"
    pair.take(less, "--accept-shrink", "--report", str(report))
    evidence = json.loads(report.read_bytes())
    assert evidence["signed_by"][0]["name"] == "packer"
    pair.check()
    assert not any(each.startswith(UPPER) for each in pair.inside.carried())


def test_nothing_new_is_no_bundle(pair: Pair):
    pair.take(pair.make())
    pair.ack()
    where = ("--out", str(pair.media))
    done = pair.run_outside("bundle", "create", "inside", *where)
    assert done.document["folder"] is None


def test_a_revoked_bundle_travels_again(sim: Simulator, pair: Pair):
    pair.take(pair.make())
    pair.ack()
    grow(pair, sim, 2)
    lost = pair.make()
    made = pair.run_outside("bundle", "list").document["made"]
    pair.run_outside("bundle", "revoke", made[-1]["bundle_id"][:8])
    shutil.rmtree(lost)

    again = pair.take(pair.make("--base", "sealed")).document
    assert (again["now"]["sequence"], again["versions_brought"]) == (3, 1)
    pair.check()


@pytest.mark.long
def test_the_list_says_what_came_and_what_was_lost(sim: Simulator, pair: Pair):
    """Four bundles, of which the third is lost, and one receipt: the last one's."""
    bundles = [pair.make()]
    for number in (2, 3, 4):
        grow(pair, sim, number)
        bundles.append(pair.make("--base", "sealed" if number == 2 else "acked"))
    assert states(pair) == ["sealed"] * 4

    for number in (0, 1, 3):
        pair.take(bundles[number])
    assert pair.ack()["state"] == "acked"
    assert states(pair) == ["acked", "acked", "lost", "acked"]
    shown = pair.run_outside("bundle", "list").document["made"]
    assert [row["acked_at"] is None for row in shown] == [False, False, True, False]

    pair.run_outside("bundle", "revoke", shown[3]["bundle_id"][:8])
    assert states(pair) == ["acked", "acked", "sealed", "revoked"]
    pair.run_outside("catalog", "rebuild")
    assert states(pair) == ["acked", "acked", "sealed", "revoked"]


def states(pair: Pair) -> list[str]:
    """Return how the bundles that outside made stand, by their numbers."""
    made = pair.run_outside("bundle", "list").document["made"]
    return [row["state"] for row in made]


@pytest.mark.long
def test_a_site_outside_that_lost_everything_goes_on(sim: Simulator, pair: Pair):
    pair.take(pair.make())
    for lost in (pair.outside.store, pair.outside.tree):
        shutil.rmtree(lost)
    grow(pair, sim, 2)

    refused = pair.take(pair.make(), expect=SECURITY)
    assert "--adopt" in refused.document["hint"]
    pair.run_outside("bundle", "ack", str(pair.receipt), expect=USAGE)
    pair.run_outside("bundle", "ack", str(pair.receipt), "--adopt")
    assert pair.take(pair.make()).document["now"]["sequence"] == 2
    pair.check()


@pytest.mark.long
def test_a_rebuilt_catalog_refuses_the_old_and_goes_on(sim: Simulator, pair: Pair):
    full = pair.make()
    pair.take(full)
    pair.ack()
    pair.run_outside("catalog", "rebuild")
    pair.run_inside("catalog", "rebuild")
    pair.sync()

    assert pair.take(full).document["outcome"] == "unchanged"
    grow(pair, sim, 2)
    pair.take(pair.make())
    pair.check()
