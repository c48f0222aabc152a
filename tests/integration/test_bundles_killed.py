"""Imports killed at durable steps of every kind: the next one converges."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.breaking import Stage
from tests.integration.pair import GAP, Machines
from tests.integration.site import OK, Site, digests
from tests.integration.steps import Run
from tests.integration.wreck import check_mended, check_ruins, difference, snapshot
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module

pytestmark = pytest.mark.slow

OF_A_KIND = 3


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with Simulator() as sim, Machines() as machines:
        yield Stage(folder, sim, machines)
    shutil.rmtree(folder)


def mend(stage: Stage, site: Site) -> None:
    """Import once more; the site is as if nothing had happened."""
    done = stage.take(stage.two, site)
    assert done.code == OK, done.stderr
    check_mended(site)
    assert difference(snapshot(site), stage.want) == {}


def test_killed_at_any_durable_step_the_next_import_converges(stage: Stage):
    whole = stage.take(stage.two, stage.site())
    killed: Counter[str] = Counter()
    for number in sampled(whole):
        site = stage.site()
        run = stage.take(stage.two, site, kill_at=number)
        if run.code == OK:
            continue  # threads took their steps in another order, and fewer
        assert run.code == -signal.SIGKILL, run.stderr
        killed[run.steps[-1].call] += 1
        check_ruins(site)
        mend(stage, site)
    assert {"fsync", "rename", "link", "syncfs", "pwrite64"} <= killed.keys()


def test_create_killed_at_any_durable_step_makes_the_same_the_next_time(
    stage: Stage, tmp_path: Path
):
    pair = stage.pair
    stage.sim.publish(module(UPPER, "v1.2.1", say="between"))
    pair.sync()
    start = tmp_path / "outside"
    subprocess.run(["cp", "-a", f"{pair.outside.folder}", f"{start}"], check=True)

    def restore() -> None:
        """Let the site outside be as before the bundle was made."""
        shutil.rmtree(pair.outside.folder)
        subprocess.run(["cp", "-a", f"{start}", f"{pair.outside.folder}"], check=True)

    def create(**how: object) -> Run:
        """Make the next bundle; see Stepper.run."""
        where = ("--out", str(tmp_path / "media"), "--base", "sealed")
        command = ("bundle", "create", "inside", *where)
        return stage.machines.outside.run(pair.outside, *command, **how)  # type: ignore[arg-type]

    whole = create()
    want = contents(whole)
    for number in sampled(whole):
        restore()
        shutil.rmtree(tmp_path / "media")
        killed = create(kill_at=number)
        if killed.code == OK:
            continue
        assert killed.code == -signal.SIGKILL, killed.stderr
        check_ruins(pair.outside)
        again = create()
        sealed = again.document["result"] == "nothing-new"  # the last step was done
        assert sealed or contents(again) == want
        found = [each.name for each in (tmp_path / "media").iterdir()]
        assert len(found) == 1, (number, killed.steps[-1], found)
        assert "000003" in found[0]
        made_here = pair.run_outside("bundle", "list").document["made"]
        assert [row["state"] for row in made_here] == ["acked", "sealed", "sealed"]
    restore()


def contents(created: Run) -> dict[str, str]:
    """Return the digests of a bundle's files but those that have the time in them."""
    assert created.code == OK, created.stderr
    found = digests(Path(created.document["folder"]))
    return {name: d for name, d in found.items() if name.endswith(".zst")}


def test_a_signal_ends_it_cleanly_and_the_next_import_goes_on(stage: Stage):
    syncs = [
        number
        for number, step in enumerate(stage.take(stage.two, stage.site()).steps)
        if step.call == "fsync" and "store/blobs" in step.path
    ]
    site = stage.site()
    stopped = stage.take(stage.two, site, stop_at=syncs[0])
    assert stopped.code == 128 + signal.SIGTERM, stopped.stderr
    assert "run the same command again" in stopped.document["hint"]
    check_mended(site)
    mend(stage, site)


def sampled(whole: Run) -> list[int]:
    """Return some steps of each kind: the first, the last, and others between."""
    kinds: defaultdict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(whole.steps):
        kinds[step.call].append(number)
    chosen = {
        numbers[at * (len(numbers) - 1) // (OF_A_KIND - 1)]
        for numbers in kinds.values()
        for at in range(OF_A_KIND)
    }
    return sorted(chosen)


def test_killed_while_it_keeps_a_bundle_the_next_import_keeps_it(stage: Stage):
    stage.sim.publish(module(UPPER, "v1.3.0", say="much later"))
    stage.pair.sync()
    three = stage.pair.make("--base", "sealed")
    whole = stage.take(three, stage.site())
    assert whole.code == GAP, whole.stderr
    kept = [n for n, step in enumerate(whole.steps) if "store/bundles" in step.path]
    for number in kept[:: max(1, len(kept) // 6)]:
        site = stage.site()
        assert stage.take(three, site, kill_at=number).code == -signal.SIGKILL
        check_ruins(site)
        assert digests(site.tree) == stage.tree
        assert stage.take(three, site).code == GAP
        done = stage.take(stage.two, site)
        assert (done.code, done.document["now"]["sequence"]) == (OK, 3)
        check_mended(site)
        assert list((site.store / "bundles").iterdir()) == []
