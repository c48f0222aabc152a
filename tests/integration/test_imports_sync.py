"""A select's dependencies follow imports: a sync fetches zips in waves to read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from tests.integration.inprocess import InProcessSite
from tests.integration.offered import go_mod_text, offer
from tests.integration.site import MISSING, OK, Site
from tests.integration.test_packages_source import (
    count_reads,
    damage_go_mod,
    damage_zip,
    forget_packages,
    kept,
)
from tests.simulator import Simulator

TOP, MID, LOW, IDLE = (f"{each}.example/m" for each in ("top", "mid", "low", "idle"))
ALL = {f"{each}@v1.0.0" for each in (TOP, MID, LOW)}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        offer(sim, LOW, "v1.0.0")
        offer(sim, IDLE, "v1.0.0")
        offer(sim, MID, "v1.0.0", requires={LOW: "v1.0.0"})
        offer_top(sim)
        yield sim


def offer_top(sim: Simulator) -> None:
    """Offer a module that requires one more than it imports."""
    required = dict.fromkeys((MID, LOW, IDLE), "v1.0.0")
    files = {
        "go.mod": go_mod_text(TOP, requires=required).encode(),
        "code.go": f'package m\n\nimport _ "{MID}"\n'.encode(),
    }
    sim.publish(ModuleSource(TOP, "v1.0.0", files, datetime(2024, 1, 1, tzinfo=UTC)))


def selecting(folder: Path, sim: Simulator) -> Site:
    site = Site(folder, sim)
    site.declare(select=[{"modules": [TOP], "deps": "build"}])
    return site


def test_what_is_imported_comes_whole_and_the_rest_as_go_mod(
    tmp_path: Path, sim: Simulator
) -> None:
    site = selecting(tmp_path, sim)
    site.sync()
    assert site.carried() == ALL
    assert sim.counts()[RequestKind.ZIP] == 3, "each once"
    assert (site.tree / IDLE / "@v/v1.0.0.mod").exists()
    mark = sim.mark()
    site.sync()
    assert RequestKind.ZIP not in sim.counts(since=mark)
    site.check(sim)


def test_a_plan_is_an_estimate_until_zips_were_read(
    tmp_path: Path, sim: Simulator
) -> None:
    site = selecting(tmp_path, sim)
    plan = site.run("plan", expect=OK).document
    assert plan["estimated"]
    assert kept(site) == 0
    exact = site.run("plan", "--fetch", expect=OK).document
    assert not exact["estimated"]
    assert not site.tree.exists()
    mark = sim.mark()
    site.sync()
    assert RequestKind.ZIP not in sim.counts(since=mark)
    assert site.carried() == ALL


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_store_of_before_is_read_once(
    tmp_path: Path, sim: Simulator, monkeypatch: pytest.MonkeyPatch, *, rebuild: bool
) -> None:
    site = InProcessSite(tmp_path, sim)
    site.declare(select=[{"modules": [TOP], "deps": "build"}])
    site.sync()
    if rebuild:
        site.run("catalog", "rebuild", expect=OK)
    else:
        forget_packages(site)
    reads, mark = count_reads(monkeypatch), sim.mark()
    for _ in range(2):
        site.sync("--retry")
        assert sorted(map(str, reads)) == sorted(ALL)
    assert RequestKind.ZIP not in sim.counts(since=mark)
    assert site.carried() == ALL


def test_nothing_is_unselected_because_a_zip_could_not_be_read(
    tmp_path: Path, sim: Simulator
) -> None:
    site = selecting(tmp_path, sim)
    with sim.fail(f"*{MID}/@v/*.zip", status=503):
        result = site.sync(expect=None)
        assert result.code != OK
        assert site.carried() == {f"{TOP}@v1.0.0"}, "and nothing else instead"
        notes = site.status()["notes"]
        assert [(each["kind"], each["subject"]) for each in notes] == [
            ("unread", f"{MID}@v1.0.0")
        ]
    site.sync("--retry")
    assert site.carried() == ALL
    site.check(sim)


def test_a_damaged_zip_leaves_the_rest_of_the_selection_alone(
    tmp_path: Path, sim: Simulator
) -> None:
    site = selecting(tmp_path, sim)
    site.sync()
    forget_packages(site)
    damage_zip(site, ModuleVersion(MID, "v1.0.0"))
    site.declare(select=[{"modules": [TOP, IDLE], "deps": "build"}])
    site.sync(expect=MISSING)
    assert site.carried() == {*ALL, f"{IDLE}@v1.0.0"}
    notes = site.status()["notes"]
    assert [(each["kind"], each["subject"]) for each in notes] == [
        ("unread", f"{MID}@v1.0.0")
    ]
    assert "verify --repair" in site.people("status")
    site.run("verify", "--repair", expect=None)
    site.sync()
    assert site.status()["notes"] == []
    assert site.carried() == {*ALL, f"{IDLE}@v1.0.0"}


@pytest.mark.parametrize("path", [MID, TOP])
def test_a_damaged_go_mod_leaves_the_rest_of_the_selection_alone(
    tmp_path: Path, sim: Simulator, path: str
) -> None:
    """It says in words what is not known, and nothing is unselected over it."""
    site = selecting(tmp_path, sim)
    site.sync()
    damage_go_mod(site, ModuleVersion(path, "v1.0.0"))
    site.declare(select=[{"modules": [TOP, IDLE], "deps": "build"}])
    site.sync(expect=MISSING)
    assert site.carried() == {*ALL, f"{IDLE}@v1.0.0"}
    notes = site.status()["notes"]
    assert ("unread", f"{path}@v1.0.0") in {(n["kind"], n["subject"]) for n in notes}
    assert "verify --repair" in site.people("status")
    assert site.run("why", f"{MID}@v1.0.0", expect=None).code in (OK, MISSING)
    site.run("verify", "--repair", expect=None)
    site.sync()
    assert site.status()["notes"] == []
    assert site.carried() == {*ALL, f"{IDLE}@v1.0.0"}


def test_what_is_gone_is_missing_and_the_others_come(
    tmp_path: Path, sim: Simulator
) -> None:
    site = selecting(tmp_path, sim)
    with sim.fail(f"*{MID}/@v/*.zip", status=404):
        result = site.sync(expect=MISSING)
    assert set(result.failed) == {str(ModuleVersion(MID, "v1.0.0"))}
    assert f"{TOP}@v1.0.0" in site.carried()
