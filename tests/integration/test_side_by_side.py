"""Several gosyncs on one store at once, and each of them killed at any moment.

What one after the other would have made is made side by side, too: nothing is lost,
nothing is fetched twice, and whoever is left, or the next run, brings it to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from tests.integration.racing import WAIT, end, rounds, start
from tests.integration.site import LOCKED, MISSING, OK, Site
from tests.integration.test_prune import AFTER, KEPT, narrowed_site
from tests.simulator import Simulator

pytestmark = [pytest.mark.slow, pytest.mark.sampled]

MODULES = [f"side{number}.example/m" for number in range(4)]
_VERSIONS = [f"v1.{number}.0" for number in range(4)]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        for path in MODULES:
            offer(sim, path, *_VERSIONS)
        yield sim


def test_two_syncs_at_once_end_with_the_tree_of_one_after_the_other(
    tmp_path: Path, sim: Simulator
) -> None:
    """Each zip is asked for once: the two divide what is to be fetched."""
    alone = Site(tmp_path / "alone", sim, modules=MODULES)
    alone.sync()
    alone.sync()
    mark = sim.mark()
    site = Site(tmp_path / "both", sim, modules=MODULES)
    assert end(start(site, ("sync", *WAIT), ("sync", *WAIT))) == [OK, OK]
    assert site.tree_files() == alone.tree_files()
    assert sim.counts(since=mark)[RequestKind.ZIP] == len(MODULES) * len(_VERSIONS)
    site.check(sim)
    again = site.sync()
    assert again.document["versions_admitted"] == 0


def test_of_two_syncs_one_is_killed_and_the_other_does_it_all(
    tmp_path: Path, sim: Simulator
) -> None:
    whole = Site(tmp_path / "alone", sim, modules=MODULES)
    whole.sync()
    for site, codes in rounds(
        tmp_path,
        lambda folder: Site(folder, sim, modules=MODULES),
        [("sync", *WAIT), ("sync", *WAIT)],
    ):
        assert codes == [OK]
        assert site.tree_files() == whole.tree_files()
        again = site.sync()  # what the killed one had on its way is swept
        assert again.document["versions_admitted"] == 0
        site.check(sim)


@pytest.mark.long
def test_a_verify_finds_nothing_wrong_while_a_sync_is_killed_or_ends(
    tmp_path: Path, sim: Simulator
) -> None:
    """And a verify that is killed leaves nothing that a sync would wait for."""
    whole = Site(tmp_path / "alone", sim, modules=MODULES)
    whole.sync()

    def make(folder: Path) -> Site:
        site = Site(folder, sim, modules=MODULES[:2])
        site.sync()
        site.select(MODULES)
        return site

    commands = [("sync", *WAIT), ("verify", "--offline", "store")]
    for site, codes in rounds(tmp_path, make, commands):
        assert codes == [OK]
        assert site.sync().failed == {}
        assert site.tree_files() == whole.tree_files()
        site.check(sim)


@pytest.mark.long
def test_a_prune_beside_a_sync_takes_nothing_that_is_wanted(tmp_path: Path) -> None:
    """What a prune forgets is what a new version of the same bytes relies on."""
    with Simulator() as sim:

        def make(folder: Path) -> Site:
            site = narrowed_site(folder, sim)
            site.sync()
            offer(sim, KEPT, *(f"v1.0.{patch}" for patch in range(1, 9)))
            return site

        commands = [("sync", *WAIT), ("prune", "--grace-days", "0", *WAIT)]
        for site, codes in rounds(tmp_path, make, commands):
            assert set(codes) <= {OK, MISSING}  # a prune awaits a whole selection
            site.sync()
            site.run("prune", "--grace-days", "0", expect=OK)
            assert site.listed() >= AFTER
            site.check(sim)
            site.run("verify", "--offline", "store", expect=OK)


@pytest.mark.long
def test_a_publish_beside_an_import_ends_with_the_import_s_tree(
    tmp_path: Path, sim: Simulator
) -> None:
    with Machines() as machines:
        pair = Pair(tmp_path / "pair", sim, machines, modules=MODULES)
        pair.sync()
        bundle = pair.make()
        command = [each for each in pair.import_command(bundle) if each != "--json"]
        commands = [(*command, *WAIT), ("publish", *WAIT)]
        want = pair.outside.listed()
        for site, codes in rounds(tmp_path, pair.new_inside, commands):
            assert set(codes) <= {OK, MISSING}, codes
            pair.take(bundle, site=site)
            assert site.listed() == want
            pair.check(site)


def test_without_waiting_the_second_that_selects_is_told_who_does(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path, sim, modules=MODULES)
    processes = start(site, *[("sync",)] * 4)
    codes = end(processes)
    assert set(codes) <= {OK, LOCKED}
    assert OK in codes
    site.check(sim)


def test_a_tree_takes_up_the_head_of_a_run_beside_it(tmp_path: Path, sim: Simulator):
    """A record is in the catalog whose head this run has not asked for yet."""
    site = Site(tmp_path, sim, modules=MODULES)
    site.sync()
    options = load_config(site.config_file, {}).site_options()

    async def publish(opened: OpenSite) -> PublishReport:
        async with connect(opened) as upstreams:
            assert upstreams.sums is not None
            await upstreams.sums.start()
            offer(sim, MODULES[0], "v1.9.0")
            await to_thread.run_sync(partial(site.sync, "--no-publish"))
            return await publish_tree(opened, upstreams.sums, NoProgress())

    with open_site(options, command="test") as opened:
        report = anyio.run(publish, opened)
    assert report.lookups
    site.check(sim)
    assert "v1.9.0" in (site.tree / MODULES[0] / "@v/list").read_text()
