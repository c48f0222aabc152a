"""A module that nobody lists: ``@latest`` counts, and what is probed for."""

from __future__ import annotations

from pathlib import Path

from tests.integration.site import MISSING, OK, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

PATH = "unlisted.example/m"
PROBED = ["v0.1.0", "v0.1.1", "v0.2.0", "v1.0.0"]


def versions(site: Site) -> set[str]:
    return {each.partition("@")[2] for each in site.carried()}


def test_versions_that_nobody_lists_are_probed_where_the_operator_says_so(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        for version in PROBED:
            sim.publish(module(PATH, version))
        sim.fail("*/@v/list", status=404)
        sim.fail("*/@latest", status=404)
        site = Site(tmp_path, sim, modules=[PATH])
        site.sync(expect=MISSING)
        assert site.carried() == set()
        assert not any(each.endswith(".info") for each in sim.paths())

        site.configure({"probe_versions": True})
        site.sync("--retry", expect=OK)
        assert versions(site) == set(PROBED)
        sim.publish(module(PATH, "v1.0.1"))
        mark = sim.mark()
        site.sync(expect=OK)
        assert versions(site) == {*PROBED, "v1.0.1"}
        asked = {each for each in sim.paths(since=mark) if each.endswith(".info")}
        assert len(asked) < 10


def test_what_latest_says_is_carried_beside_what_was_listed_before(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        sim.publish(module(PATH, "v1.0.0"))
        site = Site(tmp_path, sim, modules=[PATH])
        site.sync(expect=OK)
        sim.publish(module(PATH, "v1.1.0"))
        sim.fail("*/@v/list", status=404)
        site.sync(expect=OK)
        assert versions(site) == {"v1.0.0", "v1.1.0"}
        sim.fail("*/@latest", status=404)
        assert PATH in site.sync(expect=MISSING).failed
        assert versions(site) == {"v1.0.0", "v1.1.0"}
