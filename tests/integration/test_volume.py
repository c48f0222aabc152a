"""A monthly volume: somebody is told, then zips wait, and proofs do not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.clock import SystemClock
from gosync.demo.exchange import RequestKind
from gosync.upstream.volume import VolumeLimit
from tests.integration.inprocess import InProcessSite
from tests.integration.site import MISSING, OK
from tests.simulator import Simulator
from tests.simulator.standard import module

FIRST, SECOND = "first.example/m", "second.example/m"
NOVEMBER = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
DECEMBER = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)  # in Berlin it has begun


def zips_asked(sim: Simulator, path: str) -> int:
    return sum(
        each.request.method == "GET" and f"/{path}/@v/" in each.path
        for each in sim.requests
        if each.kind is RequestKind.ZIP
    )


def test_zips_wait_for_the_next_month_and_proofs_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOVEMBER]
    monkeypatch.setattr(SystemClock, "now", lambda _: now[0])
    with Simulator() as sim:
        sim.publish(module(FIRST, "v1.0.0"))
        site = InProcessSite(
            tmp_path, sim, modules=[FIRST], upstream={"monthly_volume": "1000"}
        )
        site.declare(daemon={"timezone": "Europe/Berlin"})
        said = site.sync(expect=OK).stderr
        assert "100 % of upstream.monthly_volume came in 2026-11" in said
        spent = site.run("status", expect=OK).document["volume"]
        assert (spent["month"], spent["limit_bytes"]) == ("2026-11", 1000)
        assert spent["received_bytes"] >= 1000

        sim.publish(module(SECOND, "v1.0.0"))
        site.select([FIRST, SECOND, f"{SECOND}@v1.0.0/go.mod"])
        result = site.sync(expect=MISSING)
        assert zips_asked(sim, SECOND) == 0
        failure = result.failed[f"{SECOND}@v1.0.0"]
        assert failure["error"] == "VolumeSpentError"
        assert failure["next_try_at"].startswith("2026-11-30T23:00")
        assert site.run("status").document["volume"]["received_bytes"] > 1000

        now[0] = DECEMBER
        site.sync(expect=OK)
        assert zips_asked(sim, SECOND) == 1
        fresh = site.run("status", expect=OK).document["volume"]
        assert fresh["month"] == "2026-12"
        assert 0 < fresh["received_bytes"] < spent["received_bytes"] + 1000


def test_go_mods_come_when_zips_wait(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module(FIRST, "v1.0.0"))
        site = InProcessSite(
            tmp_path,
            sim,
            modules=[f"{FIRST}@v1.0.0/go.mod"],
            upstream={"monthly_volume": "1"},
        )
        site.sync(expect=OK)
        sim.publish(module(FIRST, "v1.1.0"))
        site.select([f"{FIRST}@v1.0.0/go.mod", f"{FIRST}@v1.1.0/go.mod"])
        site.sync(expect=OK)
        with Catalog.open(site.store / "catalog.sqlite", create=False) as catalog:
            month = VolumeLimit().month(SystemClock().now())
            assert catalog.received.of(month) > 1


def received(site: InProcessSite) -> int:
    count = site.run("status").document["volume"]["received_bytes"]
    assert isinstance(count, int)
    return count


def test_whatever_command_asks_is_counted_and_begins_no_zip_beyond_the_limit(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        sim.publish(module(FIRST, "v1.0.0"))
        site = InProcessSite(tmp_path, sim, modules=[FIRST])
        site.sync(expect=OK)
        ways = (
            ("mirrors",),
            ("mirrors", sim.url, "--module", FIRST),
            ("verify", sim.url, "--module", f"{FIRST}@v1.0.0"),
        )
        for arguments in ways:
            before, zips = received(site), zips_asked(sim, FIRST)
            site.run(*arguments, expect=OK)
            assert received(site) > before, arguments
            assert zips_asked(sim, FIRST) > zips, arguments
        site.configure({"monthly_volume": "1"})
        zips = zips_asked(sim, FIRST)
        assert site.run("mirrors", expect=OK).document["mirrors"][0]["ok"]
        site.run("verify", sim.url, "--module", f"{FIRST}@v1.0.0")
        (tmp_path / "go.mod").write_text(f"module m\n\nrequire {FIRST} v1.0.0\n")
        spent = site.run("mirrors", "--measure", str(tmp_path / "go.mod"))
        assert spent.code == MISSING
        assert zips_asked(sim, FIRST) == zips


def test_a_warning_comes_once_before_the_limit() -> None:
    limit = VolumeLimit(1000)
    assert limit.crossed(0, 799) is None
    assert limit.crossed(799, 800) == 0.8
    assert limit.crossed(800, 999) is None
    assert limit.crossed(999, 1000) == 1.0
    assert limit.crossed(0, 5000) == 1.0
    assert limit.crossed(1000, 2000) is None
    assert VolumeLimit().crossed(0, 10**12) is None
