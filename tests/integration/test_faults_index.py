"""An index with rows that lie, repeat, come late or never end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.site import MISSING, OK, UNAVAILABLE, Site
from tests.simulator import Simulator
from tests.simulator.faults import HTML
from tests.simulator.standard import module

START = datetime(2024, 6, 1, tzinfo=UTC)
PATTERN = "feed.example/*"


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def row(path: str, version: str, at: str = "2024-06-01T00:00:05Z") -> bytes:
    return json.dumps({"Path": path, "Version": version, "Timestamp": at}).encode()


def test_invalid_index_rows_are_counted_and_skipped(tmp_path: Path) -> None:
    bad = {
        "no JSON": b"hello",
        "cut off": b'{"Path":"feed.example/m","Version":',
        "not UTF-8": b'{"Path":"feed.example/\xff","Version":"v1.0.0"}',
        "a list": b'["feed.example/m", "v1.0.0"]',
        "no time": b'{"Path":"feed.example/m","Version":"v1.0.0"}',
        "no such time": row("feed.example/m", "v1.0.0", "yesterday"),
        "a path that climbs": row("feed.example/../../etc", "v1.0.0"),
        "a path with a space": row("feed.example/a b", "v1.0.0"),
        "no version": row("feed.example/m", "latest"),
        "another major version": row("feed.example/m", "v2.0.0"),
        "a version that climbs": row("feed.example/m", "v1.0.0/../../evil"),
    }
    with Simulator() as sim:
        sim.publish(module("feed.example/before", "v1.0.0"), at=moment(1))
        for number, line in enumerate(bad.values()):
            sim.index_raw(line, moment(2 + number / 10))
        sim.publish(module("feed.example/after", "v1.0.0"), at=moment(9))
        site = Site(tmp_path, sim, modules=[PATTERN], index=True)
        result = site.sync(expect=OK)
        assert sum(result.document["index_skipped"].values()) == len(bad)
        assert site.carried() == {
            "feed.example/before@v1.0.0",
            "feed.example/after@v1.0.0",
        }
        assert {ModuleVersion.parse(name).path for name in site.states()} == {
            "feed.example/before",
            "feed.example/after",
        }
        site.check(sim)


def test_repeated_index_rows_are_one_version_and_one_download(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module("feed.example/m", "v1.0.0"), at=moment(1))
        for seconds in (1, 1, 2, 3, 4000):
            sim.index_row("feed.example/m", "v1.0.0", moment(seconds))
        site = Site(tmp_path, sim, modules=[PATTERN], index=True)
        assert site.sync().document["versions_admitted"] == 1
        assert len(sim.paths(RequestKind.ZIP)) == 1
        assert site.sync().document["versions_admitted"] == 0
        assert len(sim.paths(RequestKind.ZIP)) == 1
        site.check(sim)


def test_rows_out_of_order_and_rows_filed_late_are_found(tmp_path: Path) -> None:
    with Simulator() as sim:
        for number in (3, 1, 2):
            source = module(f"feed.example/n{number}", "v1.0.0")
            sim.publish(source, indexed=False)
            stamp = f"2024-06-01T00:00:0{number}Z"
            sim.index_raw(row(source.path, "v1.0.0", stamp), moment(9 - number))
        site = Site(tmp_path / "site", sim, modules=[PATTERN], index=True)
        site.sync()
        assert len(site.carried()) == 3
        # A row that comes later and is dated before what was read already.
        late = module("feed.example/late", "v1.0.0")
        sim.publish(late, at=moment(2.5))
        site.sync()
        assert "feed.example/late@v1.0.0" in site.carried()
        site.check_converges(sim, tmp_path / "clean")


def test_a_page_of_one_time_stamp_that_is_not_full_is_read_whole(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        sim.publish(module("feed.example/before", "v1.0.0"), at=moment(1))
        sim.index_flood(1998, moment(5))
        sim.publish(module("feed.example/after", "v1.0.0"), at=moment(9))
        site = Site(tmp_path, sim, modules=[PATTERN], index=True)
        site.sync(expect=OK)
        assert len(site.carried()) == 2
        site.check(sim)


def test_2000_rows_of_one_time_stamp_fail_the_index_and_nothing_else(
    tmp_path: Path,
) -> None:
    named = "named.example/m"
    with Simulator() as sim:
        sim.publish(module(named, "v1.0.0"))
        sim.publish(module("feed.example/before", "v1.0.0"), at=moment(1))
        sim.index_flood(2000, moment(5))
        sim.publish(module("feed.example/after", "v1.0.0"), at=moment(9))
        site = Site(tmp_path / "site", sim, modules=[PATTERN, named], index=True)
        result = site.sync(expect=MISSING)
        [failure] = result.document["failed"]
        assert (failure["path"], failure["version"]) == ("", "index")
        assert failure["exit_code"] == UNAVAILABLE
        assert "2000 rows" in failure["reason"]
        assert site.carried() == {f"{named}@v1.0.0", "feed.example/before@v1.0.0"}
        site.check(sim)
        site.sync(expect=MISSING)

        for number in range(2000):
            path = f"flood.example/m{number:05d}"
            sim.index.withdraw(ModuleVersion(path, "v1.0.0"))
        site.check_converges(sim, tmp_path / "clean")
        assert "feed.example/after@v1.0.0" in site.carried()


def test_an_index_that_fails_or_answers_a_page_leaves_the_named_modules_alone(
    tmp_path: Path,
) -> None:
    named = "named.example/m"
    with Simulator() as sim:
        sim.publish(module(named, "v1.0.0"))
        sim.publish(module("feed.example/m", "v1.0.0"))
        site = Site(tmp_path / "site", sim, modules=[PATTERN, named], index=True)
        for code, put_on in (
            (UNAVAILABLE, lambda: sim.fail("/index", status=500)),
            (MISSING, lambda: sim.replace_body("/index", HTML)),
        ):
            with put_on():
                result = site.sync("--retry", expect=MISSING)
            [failure] = result.document["failed"]
            assert (failure["kind"], failure["exit_code"]) == ("index", code)
            assert site.carried() == {f"{named}@v1.0.0"}
        site.check_converges(sim, tmp_path / "clean")
        assert len(site.carried()) == 2


def test_a_row_of_what_nobody_has_is_gone_and_asked_again_only_when_renamed(
    tmp_path: Path,
) -> None:
    ghost = "feed.example/ghost"
    with Simulator() as sim:
        sim.publish(module("feed.example/m", "v1.0.0"), at=moment(1))
        sim.index_row(ghost, "v1.0.0", moment(2))
        site = Site(tmp_path, sim, modules=[PATTERN], index=True)
        first = site.sync(expect=MISSING)
        assert first.failed[f"{ghost}@v1.0.0"]["exit_code"] == MISSING
        assert site.carried() == {"feed.example/m@v1.0.0"}
        assert site.states()[f"{ghost}@v1.0.0"] == "gone"
        site.check(sim)
