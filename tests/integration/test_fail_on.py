"""``gosync run --once``: when it fails, and that grave things always make it fail."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.integration.offered import offer
from tests.integration.site import MISSING, OK, SECURITY, STORE, UNAVAILABLE, Site
from tests.simulator import Simulator

GOOD, BAD = "good.example/m", "bad.example/m"


def test_a_run_fails_for_news_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, GOOD, "v1.0.0")
        offer(sim, BAD, "v1.0.0", "v1.1.0")
        site = Site(tmp_path / "site", sim, modules=[GOOD, BAD])
        sim.fail(f"/{BAD}/@v/v1.0.0.*", status=403)
        first = site.run("run", "--once", "sync", expect=MISSING).document
        again = site.run("run", "--once", "sync", expect=OK).document
        assert [d["jobs"]["sync"]["news"] for d in (first, again)] == [True, False]
        assert again["jobs"]["sync"]["exit_code"] == MISSING
        assert ", as before" in site.people("run", "--once", "sync")
        site.run("run", "--once", "sync", "--fail-on", "any", expect=MISSING)
        site.run("run", "--once", "sync", "--fail-on", "none", expect=OK)

        site.select([GOOD, BAD, "typo.example/m"])
        site.run("run", "--once", "sync", "--fail-on", "none", expect=OK)
        site.run("run", "--once", "sync", expect=OK)  # none had told of it
        with sim.fail("*", status=503):
            site.run("run", "--once", "lists", expect=UNAVAILABLE)
            site.run("run", "--once", "lists", expect=OK)


def test_what_is_grave_always_fails(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, GOOD, "v1.0.0")
        offer(sim, BAD, "v1.0.0")
        site = Site(tmp_path / "site", sim, modules=[GOOD, BAD])
        sim.swap_bytes(f"/{BAD}/@v/v1.0.0.mod")
        for _ in range(2):
            site.run("run", "--once", "sync", "--fail-on", "none", expect=SECURITY)
        shutil.move(site.store, tmp_path / "elsewhere")
        for _ in range(2):
            site.run("run", "--once", "sync", "--fail-on", "none", expect=STORE)
