"""Withdrawn versions cross with the next bundle, and take effect inside at once."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.offered import offer
from tests.integration.pair import GAP, Machines, Pair
from tests.integration.remains import files_below
from tests.integration.site import MISSING, OK, USAGE, Site
from tests.integration.steps import chosen
from tests.integration.wreck import check_mended, check_ruins, difference, snapshot
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

M, N = "kept.example/m", "other.example/n"
BAD, GOOD = f"{M}@v1.1.0", f"{M}@v1.0.0"
KILLS = 8
WHY = ("--reason", "its release key was stolen")


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
    """Inside has taken the first bundle."""
    offer(sim, M, "v1.0.0", "v1.1.0")
    offer(sim, N, "v1.0.0", "v1.1.0")
    pair = Pair(tmp_path, sim, machines, modules=[M, N])
    pair.sync()
    pair.take(pair.make())
    pair.ack()
    assert BAD in pair.inside.listed()
    return pair


def withdraw(pair: Pair, what: str = BAD) -> None:
    pair.run_outside("withdraw", what, *WHY)


def header_of(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / "bundle.json").read_bytes())
    return found


def check_gone(site: Site) -> None:
    assert BAD not in site.listed() | site.carried()
    assert not list((site.tree / M / "@v").glob("v1.1.0.*"))
    assert "v1.1.0" not in (site.tree / M / "@latest").read_text()
    assert WHY[1] in (site.tree / M / "@v/index.html").read_text()


def test_a_withdrawal_makes_a_bundle_by_itself_and_so_does_its_end(
    sim: Simulator, pair: Pair
) -> None:
    made = pair.run_outside("bundle", "create", "--out", str(pair.media)).document
    assert made["result"] == "nothing-new"
    blobs = files_below(pair.inside.store / "blobs")
    withdraw(pair)
    bundle = pair.make()
    assert "withdrawals" in header_of(bundle)["requires"]
    assert header_of(bundle)["carried"] == 0
    taken = pair.take(bundle).document
    assert [each["version"] for each in taken["withdrawn"]] == ["v1.1.0"]
    check_gone(pair.inside)
    assert set(blobs) <= set(files_below(pair.inside.store / "blobs"))
    [told] = pair.inside.status()["withdrawn"]
    assert (told["told_by"], told["reason"]) == ("bundle", WHY[1])
    pair.check()
    pair.ack()
    made = pair.run_outside("bundle", "create", "--out", str(pair.media)).document
    assert made["result"] == "nothing-new"

    pair.run_inside("catalog", "rebuild")
    pair.run_inside("publish")
    check_gone(pair.inside)

    pair.run_outside("withdraw", BAD, "--undo")
    bundle = pair.make()
    assert "withdrawals" not in header_of(bundle)["requires"]
    pair.take(bundle)
    assert BAD in pair.inside.listed()
    assert pair.inside.status()["withdrawn"] == []
    pair.check()


def test_a_version_that_never_crossed_is_withdrawn_as_well(
    sim: Simulator, pair: Pair
) -> None:
    withdraw(pair, f"{N}@v1.9.0")
    pair.take(pair.make())
    [told] = pair.inside.status()["withdrawn"]
    assert (told["path"], told["version"]) == (N, "v1.9.0")
    pair.check()


def test_neither_a_gap_nor_the_limit_holds_it_up(sim: Simulator, pair: Pair) -> None:
    offer(sim, M, "v1.2.0")
    pair.run_outside("sync", "--refresh")
    lost = pair.make("--base", "sealed")
    withdraw(pair)
    waits = pair.make("--base", "sealed")
    assert pair.take(waits, expect=GAP).document["outcome"] == "staged"
    check_gone(pair.inside)
    assert f"{M}@v1.2.0" not in pair.inside.listed()
    pair.take(lost)
    check_gone(pair.inside)
    pair.ack()
    pair.check()

    pair.outside.select([M])
    pair.run_outside("sync")
    withdraw(pair, GOOD)
    less = pair.make()
    limit = ("--accept-shrink", "--max-delete")
    refused = pair.take(less, *limit, "1", expect=USAGE)
    assert "--max-delete 2" in refused.document["hint"]
    assert GOOD not in pair.inside.listed()
    assert f"{N}@v1.0.0" in pair.inside.listed()
    pair.take(less, *limit, "2")
    assert pair.inside.listed() == {f"{M}@v1.2.0"}


def test_what_inside_withdrew_stays_so_whatever_bundles_say(
    sim: Simulator, pair: Pair
) -> None:
    pair.run_inside("withdraw", BAD, "--reason", "ours")
    check = pair.inside.listed
    assert BAD not in check()
    offer(sim, M, "v1.2.0")
    pair.run_outside("sync", "--refresh")
    pair.take(pair.make())
    pair.ack()
    assert check() == {GOOD, f"{M}@v1.2.0", f"{N}@v1.0.0", f"{N}@v1.1.0"}
    withdraw(pair)
    pair.take(pair.make())
    pair.ack()
    undone = pair.run_inside("withdraw", BAD, "--undo").document
    assert "a bundle still withdraws it" in undone["remarks"][0]
    assert BAD not in check()
    refused = pair.run_inside("withdraw", BAD, "--undo", expect=USAGE)
    assert "outside" in refused.stderr
    pair.run_outside("withdraw", BAD, "--undo")
    pair.take(pair.make())
    assert BAD in check()


def test_a_bundle_from_before_does_not_bring_it_back(
    sim: Simulator, pair: Pair, tmp_path: Path
) -> None:
    withdraw(pair)
    full = pair.make("--full")
    fresh = pair.new_inside(tmp_path / "fresh")
    pair.take(full, site=fresh)
    assert BAD not in fresh.listed()
    refused = pair.run_outside("sync", BAD, expect=MISSING)
    assert refused.document["error"] == "WithdrawnError"


@pytest.mark.sampled
@pytest.mark.parametrize("waits", [False, pytest.param(True, marks=pytest.mark.long)])
def test_an_import_that_is_killed_anywhere_withdraws_when_it_is_run_again(
    sim: Simulator, pair: Pair, machines: Machines, tmp_path: Path, waits: bool
) -> None:
    if waits:
        offer(sim, M, "v1.2.0")
        pair.run_outside("sync", "--refresh")
        pair.make("--base", "sealed")
    code = GAP if waits else OK
    withdraw(pair)
    bundle, start = pair.make("--base", "sealed"), tmp_path / "start"
    site = pair.inside
    shutil.copytree(site.folder, start)
    command = pair.import_command(bundle)
    whole = machines.inside.run(site, *command)
    assert whole.code == code, whole.stderr
    check_gone(site)
    want = snapshot(site)
    for number in chosen(whole.steps, KILLS):
        shutil.rmtree(site.folder)
        shutil.copytree(start, site.folder)
        killed = machines.inside.run(site, *command, kill_at=number)
        assert killed.code == -signal.SIGKILL
        check_ruins(site)
        pair.take(bundle, expect=code)
        check_gone(site)
        check_mended(site)
        assert difference(snapshot(site), want) == {}, whole.steps[number]
