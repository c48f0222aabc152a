"""Which versions a select brings: each key of it, from configuration to tree."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from tests.integration.offered import offer
from tests.integration.site import MISSING, OK, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import DEPRECATED, RETRACTED, publish_standard

OFFERED = ("v1.0.0", "v1.0.1", "v1.1.0-rc.1", "v1.1.0", "v1.1.1", "v1.2.0-rc.1")
# By host: the keys of a select, and what they bring of what is offered.
RULES: dict[str, tuple[dict[str, object], set[str]]] = {
    "all": ({}, set(OFFERED)),
    "range": (
        {"versions": ">=v1.0.1 <v1.2.0"},
        {"v1.0.1", "v1.1.0-rc.1", "v1.1.0", "v1.1.1"},
    ),
    "latest": ({"versions": "latest"}, {"v1.1.1"}),
    "newest-two": ({"versions": "latest:2"}, {"v1.1.0", "v1.1.1"}),
    "minor": ({"versions": "per-minor"}, {"v1.0.1", "v1.1.1", "v1.2.0-rc.1"}),
    "both": ({"versions": "<v1.1.1 latest"}, {"v1.1.0"}),
    "stable": ({"prereleases": False}, {"v1.0.0", "v1.0.1", "v1.1.0", "v1.1.1"}),
    "excluded": (
        {"exclude": ["excluded.example/m@>=v1.1.0 <v1.2.0", "other.example/*"]},
        {"v1.0.0", "v1.0.1", "v1.1.0-rc.1", "v1.2.0-rc.1"},
    ),
}
PSEUDO = "v1.0.1-0.20240101000000-aaaaaaaaaaaa"


def by_path(names: set[str]) -> dict[str, set[str]]:
    """Return the versions of path@version by path."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        path, _, version = name.partition("@")
        found[path].add(version)
    return dict(found)


@pytest.mark.parametrize("index", [True, False])
def test_each_key_brings_what_it_says(tmp_path: Path, index: bool) -> None:
    with Simulator() as sim:
        for host in RULES:
            offer(sim, f"{host}.example/m", *OFFERED)
        site = Site(tmp_path, sim, index=index)
        site.declare(
            select=[
                {"modules": [f"{host}.example/m"], **keys}
                for host, (keys, _) in RULES.items()
            ]
        )
        site.sync()
        want = {f"{host}.example/m": versions for host, (_, versions) in RULES.items()}
        assert by_path(site.listed()) == by_path(site.carried()) == want
        site.check(sim)


def test_pseudo_versions_of_the_index_come_when_they_are_asked_for(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        for path in ("a.example/m", "b.example/m"):
            offer(sim, path, "v1.0.0", PSEUDO)
        site = Site(tmp_path, sim, index=True)
        site.declare(
            select=[
                {"modules": ["a.example/*"]},
                {"modules": ["b.example/*"], "pseudo": True},
            ]
        )
        site.sync()
        assert by_path(site.carried()) == {
            "a.example/m": {"v1.0.0"},
            "b.example/m": {"v1.0.0", PSEUDO},
        }
        site.check(sim)


def test_retracted_versions_stay_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=[RETRACTED])
        site.sync()
        assert site.listed() == {f"{RETRACTED}@v1.0.0", f"{RETRACTED}@v1.1.0"}
        site.select([RETRACTED], retracted=True)
        site.sync()
        assert f"{RETRACTED}@v1.0.1" in site.listed()
        site.check(sim)


def test_the_highest_version_comes_along_where_it_speaks_of_what_is_chosen(
    tmp_path: Path,
) -> None:
    """Clients read retractions and deprecations in the list's highest version."""
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim)
        site.declare(
            select=[
                {"modules": [RETRACTED], "versions": "=v1.0.1", "retracted": True},
                {"modules": [DEPRECATED], "versions": "=v1.0.0"},
            ]
        )
        site.sync()
        assert by_path(site.listed()) == {
            RETRACTED: {"v1.0.1", "v1.1.0"},
            DEPRECATED: {"v1.0.0", "v1.1.0"},
        }
        [claim] = site.run("why", f"{DEPRECATED}@v1.1.0", expect=OK).document["claims"]
        assert (claim["who"], claim["kind"]) == ("select 2", "tells of retractions")

        site.declare(select=[{"modules": [RETRACTED], "versions": "=v1.0.0"}])
        site.sync()
        states = site.run("why", f"{RETRACTED}@v1.1.0", expect=OK).document
        assert states["selected"] != "zip", "it says nothing of v1.0.0"


def test_a_zip_that_is_too_large_stays_out_until_the_limit_is_raised(
    tmp_path: Path,
) -> None:
    big, small = "big.example/m", "small.example/m"
    with Simulator() as sim:
        offer(sim, big, "v1.0.0", ballast_bytes=200_000)
        offer(sim, small, "v1.0.0")
        site = Site(tmp_path, sim)
        site.select([big, small], max_zip="100KiB")
        assert site.sync().document["versions_omitted"] == 1
        assert site.states() == {
            f"{big}@v1.0.0": "omitted",
            f"{small}@v1.0.0": "present",
        }
        assert site.listed() == {f"{small}@v1.0.0"}
        site.check(sim)
        mark = sim.mark()
        site.sync()
        assert sim.counts(since=mark).keys() == {RequestKind.LIST}, (
            "it is not tried again"
        )

        site.select([big, small], max_zip="1MiB")
        site.sync()
        assert site.listed() == {f"{big}@v1.0.0", f"{small}@v1.0.0"}
        assert sim.counts()[RequestKind.MOD] == 2, "its go.mod was here"
        site.check_converges(sim, tmp_path / "clean")


@pytest.mark.parametrize("module", ["cool.example/m", "cool.example/*"])
def test_a_young_version_waits_for_its_cool_down(tmp_path: Path, module: str) -> None:
    with Simulator() as sim:
        offer(sim, "cool.example/m", "v1.0.0", days_ago=30)
        offer(sim, "cool.example/m", "v1.1.0", days_ago=10)
        offer(sim, "cool.example/m", "v1.2.0", days_ago=3)
        offer(sim, "busy.example/m", "v1.0.0", days_ago=0.01)
        site = Site(tmp_path, sim, index=True)
        site.select([module], min_age=7)
        site.sync()
        assert site.listed() == {"cool.example/m@v1.0.0", "cool.example/m@v1.1.0"}
        site.select([module], versions="latest", min_age=20)
        plan = site.run("plan", expect=OK).document
        assert [each["version"] for each in plan["removes"]] == ["v1.1.0"]
        site.select([module], min_age=2.5)
        site.sync()
        assert "cool.example/m@v1.2.0" in site.listed()
        site.check(sim)


@pytest.mark.parametrize("module", ["old.example/m", "old.example/*"])
def test_what_was_known_before_since_stays_out(tmp_path: Path, module: str) -> None:
    with Simulator() as sim:
        offer(sim, "old.example/m", "v1.0.0")
        offer(sim, "old.example/m", "v1.1.0", days_ago=10)
        offer(sim, "busy.example/m", "v1.0.0", days_ago=0.01)
        site = Site(tmp_path, sim, index=True)
        site.select([module], since="2025-01-01")
        site.sync()
        assert site.listed() == {"old.example/m@v1.1.0"}


def test_a_cool_down_counts_from_first_sight_where_there_is_no_index(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        offer(sim, "cool.example/m", "v1.0.0")
        site = Site(tmp_path, sim)
        site.select(["cool.example/m"], min_age=1)
        site.sync()
        assert site.carried() == set()
        site.select(["cool.example/m"], min_age=1e-9)
        site.sync()
        assert site.listed() == {"cool.example/m@v1.0.0"}


def test_dependencies_come_along_when_they_are_asked_for(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, "base.example/m", "v1.0.0", "v1.1.0", "v1.2.0")
        offer(sim, "lib.example/m", "v1.0.0", requires={"base.example/m": "v1.1.0"})
        needs = {"lib.example/m": "v1.0.0", "base.example/m": "v1.0.0"}
        offer(sim, "app.example/m", "v1.0.0", requires=needs)
        site = Site(tmp_path, sim, modules=["app.example/m"])
        site.sync()
        assert site.carried() == {"app.example/m@v1.0.0"}
        site.select(["app.example/m"], deps="build")
        site.sync()
        assert site.carried() >= {
            "app.example/m@v1.0.0",
            "lib.example/m@v1.0.0",
            "base.example/m@v1.1.0",
        }
        assert "base.example/m@v1.2.0" not in site.carried()
        site.check(sim)
        site.select(["app.example/m"], deps="all")
        site.sync()
        assert "base.example/m@v1.2.0" in site.listed(), "go get -u would take it"
        site.check(sim)


def test_a_range_that_selects_nothing_is_told_and_harms_nobody_else(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        offer(sim, "none.example/m", "v1.0.0")
        offer(sim, "some.example/m", "v1.0.0")
        site = Site(tmp_path, sim)
        some = {"modules": ["some.example/m"]}
        site.declare(
            select=[some, {"modules": ["none.example/m"], "versions": ">=v2.0.0"}]
        )
        [failed] = site.sync(expect=MISSING).document["failed"]
        assert "select 2" in failed["version"]
        assert "select 2 takes no version of none.example/m" in failed["reason"]
        assert site.listed() == {"some.example/m@v1.0.0"}
        site.sync(expect=MISSING)
        assert len(site.status()["failures"]) == 1

        site.declare(select=[some, {"modules": ["none.example/m"]}])
        site.sync()
        assert site.listed() == {"some.example/m@v1.0.0", "none.example/m@v1.0.0"}
        assert site.status()["failures"] == []


def test_a_range_that_nothing_can_satisfy_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = Site(tmp_path, sim)
        site.select(["a.example/m"], versions=">=v2.0.0 <v1.0.0")
        refused = site.sync(expect=USAGE)
        assert "widen the range" in refused.document["message"]
        assert sim.requests == []
        assert not site.store.exists()
