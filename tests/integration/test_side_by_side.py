"""Several gosyncs on one store at once, and each of them killed at any moment.

What one after the other would have made is made side by side, too: nothing is lost,
nothing is fetched twice, and whoever is left, or the next run, brings it to its end.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from gosync.config.load import load_config
from gosync.demo.exchange import RequestKind
from gosync.publish.report import PublishReport
from gosync.site.site import Site as OpenSite
from gosync.site.site import open_site
from gosync.site.tree import publish_tree
from gosync.site.upstreams import connect
from gosync.work.progress import NoProgress
from tests.integration.offered import offer
from tests.integration.pair import Machines, Pair
from tests.integration.site import LOCKED, MISSING, OK, Site, finish
from tests.integration.test_prune import AFTER, KEPT, narrowed_site
from tests.simulator import Simulator
from tests.tiers import EVERY_STEP

pytestmark = pytest.mark.slow

KILLS = 60 if EVERY_STEP else 2
_WAIT = ("--wait-lock", "60")
_MODULES = [f"side{number}.example/m" for number in range(4)]
_VERSIONS = [f"v1.{number}.0" for number in range(4)]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        for path in _MODULES:
            offer(sim, path, *_VERSIONS)
        yield sim


def start(site: Site, *commands: Sequence[str]) -> list[subprocess.Popen[str]]:
    """Begin the commands, all at once."""
    return [site.start(*command) for command in commands]


def end(processes: list[subprocess.Popen[str]]) -> list[int]:
    """Wait for them; return how they ended."""
    try:
        return [finish(process).code for process in processes]
    finally:
        for process in processes:
            process.kill()


def kill_one(
    chance: random.Random, processes: list[subprocess.Popen[str]], seconds: float
) -> tuple[list[int], bool]:
    """Kill one of them at some moment; return how the others ended, and if it did."""
    time.sleep(chance.uniform(0, seconds))
    victim = processes.pop(chance.randrange(len(processes)))
    killed = victim.poll() is None
    victim.kill()
    victim.communicate()
    return end(processes), killed


def _rounds(
    folder: Path, make: Callable[[Path], Site], commands: Sequence[Sequence[str]]
) -> Iterator[tuple[Site, list[int], bool]]:
    """Run the commands at once, again and again, and kill one of them each time.

    Yields:
        The site, how the others ended, and whether the killed one was still at work.
    """
    chance = random.Random("side by side")
    site = make(folder / "whole")
    began = time.monotonic()
    end(start(site, *commands))
    seconds = time.monotonic() - began
    for number in range(KILLS):
        site = make(folder / str(number))
        codes, killed = kill_one(chance, start(site, *commands), seconds)
        yield site, codes, killed


def test_two_syncs_at_once_end_with_the_tree_of_one_after_the_other(
    tmp_path: Path, sim: Simulator
) -> None:
    """Each zip is asked for once: the two divide what is to be fetched."""
    alone = Site(tmp_path / "alone", sim, modules=_MODULES)
    alone.sync()
    alone.sync()
    mark = sim.mark()
    site = Site(tmp_path / "both", sim, modules=_MODULES)
    assert end(start(site, ("sync", *_WAIT), ("sync", *_WAIT))) == [OK, OK]
    assert site.tree_files() == alone.tree_files()
    assert sim.counts(since=mark)[RequestKind.ZIP] == len(_MODULES) * len(_VERSIONS)
    site.check(sim)
    again = site.sync()
    assert again.document["versions_admitted"] == 0


def test_of_two_syncs_one_is_killed_and_the_other_does_it_all(
    tmp_path: Path, sim: Simulator
) -> None:
    kills = 0
    whole = Site(tmp_path / "alone", sim, modules=_MODULES)
    whole.sync()
    for site, codes, killed in _rounds(
        tmp_path,
        lambda folder: Site(folder, sim, modules=_MODULES),
        [("sync", *_WAIT), ("sync", *_WAIT)],
    ):
        assert codes == [OK]
        assert site.tree_files() == whole.tree_files()
        site.check(sim)
        kills += killed
    print(f"two syncs: {kills} killed at work of {KILLS}")
    assert kills


def test_a_verify_finds_nothing_wrong_while_a_sync_is_killed_or_ends(
    tmp_path: Path, sim: Simulator
) -> None:
    """And a verify that is killed leaves nothing that a sync would wait for."""
    kills = 0
    whole = Site(tmp_path / "alone", sim, modules=_MODULES)
    whole.sync()

    def make(folder: Path) -> Site:
        site = Site(folder, sim, modules=_MODULES[:2])
        site.sync()
        site.select(_MODULES)
        return site

    commands = [("sync", *_WAIT), ("verify", "--offline", "store")]
    for site, codes, killed in _rounds(tmp_path, make, commands):
        assert codes == [OK]
        assert site.sync().failed == {}
        assert site.tree_files() == whole.tree_files()
        site.check(sim)
        kills += killed
    print(f"sync and verify: {kills} killed at work of {KILLS}")
    assert kills


def test_a_prune_beside_a_sync_takes_nothing_that_is_wanted(tmp_path: Path) -> None:
    """What a prune forgets is what a new version of the same bytes relies on."""
    kills = 0
    commands = [("sync", *_WAIT), ("prune", "--grace-days", "0", *_WAIT)]
    for number in range(KILLS):
        with Simulator() as sim:
            chance = random.Random(number)
            site = narrowed_site(tmp_path / str(number), sim)
            site.sync()
            offer(sim, KEPT, *(f"v1.0.{patch}" for patch in range(1, 9)))
            codes, killed = kill_one(chance, start(site, *commands), 1.5)
            assert set(codes) <= {OK, MISSING}, (
                codes
            )  # a prune awaits a whole selection
            site.sync()
            site.run("prune", "--grace-days", "0", expect=OK)
            assert site.listed() >= AFTER
            site.check(sim)
            site.run("verify", "--offline", "store", expect=OK)
            kills += killed
    print(f"sync and prune: {kills} killed at work of {KILLS}")
    assert kills


def test_a_publish_beside_an_import_ends_with_the_import_s_tree(
    tmp_path: Path, sim: Simulator
) -> None:
    kills = 0
    with Machines() as machines:
        pair = Pair(tmp_path / "pair", sim, machines, modules=_MODULES)
        pair.sync()
        bundle = pair.make()
        command = [each for each in pair.import_command(bundle) if each != "--json"]
        commands = [(*command, *_WAIT), ("publish", *_WAIT)]
        want = pair.outside.listed()
        for site, codes, killed in _rounds(tmp_path, pair.new_inside, commands):
            assert set(codes) <= {OK, MISSING}, codes
            pair.take(bundle, site=site)
            assert site.listed() == want
            pair.check(site)
            kills += killed
    print(f"import and publish: {kills} killed at work of {KILLS}")
    assert kills


def test_without_waiting_the_second_that_selects_is_told_who_does(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path, sim, modules=_MODULES)
    processes = start(site, *[("sync",)] * 4)
    codes = end(processes)
    assert set(codes) <= {OK, LOCKED}
    assert OK in codes
    site.check(sim)


def test_a_tree_takes_up_the_head_of_a_run_beside_it(tmp_path: Path, sim: Simulator):
    """A record is in the catalog whose head this run has not asked for yet."""
    site = Site(tmp_path, sim, modules=_MODULES)
    site.sync()
    options = load_config(site.config_file, {}).site_options()

    async def publish(opened: OpenSite) -> PublishReport:
        async with connect(opened) as upstreams:
            assert upstreams.sums is not None
            await upstreams.sums.start()
            offer(sim, _MODULES[0], "v1.9.0")
            await to_thread.run_sync(partial(site.sync, "--no-publish"))
            return await publish_tree(opened, upstreams.sums, NoProgress())

    with open_site(options, command="test") as opened:
        report = anyio.run(publish, opened)
    assert report.lookups
    site.check(sim)
    assert "v1.9.0" in (site.tree / _MODULES[0] / "@v/list").read_text()
