"""Freshness is data time: a run that learns nothing makes nothing fresher."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gosync.demo.modules import ModuleSource
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, STANDS_OPEN
from tests.simulator import Simulator

PATH = "fresh.example/m"


def source(version):
    return ModuleSource(PATH, version, {"go.mod": f"module {PATH}\n".encode()})


def test_an_index_that_goes_on_without_us_is_seen(tmp_path):
    now = datetime.now(UTC)
    with Simulator() as sim:
        sim.publish(source("v1.0.0"), at=now - timedelta(days=5))
        site = InProcessSite(tmp_path, sim, modules=["fresh.example/*"], index=True)
        said = site.sync().document["freshness"]
        fresh = site.status()["freshness"]
        assert said["index_cursor"] == fresh["index_cursor"]
        assert said["oldest_list_at"] == fresh["oldest_list_at"]
        assert 5 * 86_400 <= fresh["index_behind_seconds"] < 5 * 86_400 + 4_000
        assert fresh["oldest_list_seconds"] < 600

        # The index answers, day after day, but is frozen: nothing gets fresher.
        site.sync()
        assert site.status()["freshness"]["index_cursor"] == fresh["index_cursor"]
        # A quiet index is no finding.
        site.run("audit", "--refresh", expect=OK)

        # What it has had for three days and we have not read is one.
        sim.publish(source("v1.1.0"), at=now - timedelta(days=3))
        report = site.run("audit", "--refresh", expect=STANDS_OPEN).document
        by_version = {each["version"]: each for each in report["news"]}
        assert by_version["index"]["kind"] == "stale"
        assert by_version["index"]["theirs"]["unread"][:10] == (
            f"{now - timedelta(days=3):%Y-%m-%d}"
        )
        assert site.status()["audit"]["index_unread_since"]

        site.sync()  # which reads it
        assert site.status()["findings"] == []
        assert site.status()["audit"]["index_unread_since"] is None
        site.run("audit", expect=OK)
        assert site.status()["freshness"]["index_behind_seconds"] < 4 * 86_400


def test_what_is_not_old_enough_is_not_stale(tmp_path):
    now = datetime.now(UTC)
    with Simulator() as sim:
        sim.publish(source("v1.0.0"), at=now - timedelta(days=5))
        site = InProcessSite(tmp_path, sim, modules=["fresh.example/*"], index=True)
        site.sync()
        young = ModuleSource(PATH, "v1.1.0", source("v1.1.0").files, now)
        sim.publish(young, at=now - timedelta(hours=3))
        site.run("audit", "--refresh", expect=OK)
