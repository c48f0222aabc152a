"""Times at the edges of the calendar, from upstreams, files, and our own clock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gosync.clock import SystemClock
from tests.integration.everyverb import COMMANDS, Copy, check, prepare
from tests.integration.inprocess import InProcessSite
from tests.integration.result import Result
from tests.integration.site import USAGE
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.tiers import EVERY_STEP, shared_out, spread

TIMES = [
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-23:59"),
    *("10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    *("2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:59:60Z"),
    *("2026-01-01T00:00:00+99:99", "", "now", "2026-01-01"),
]
HTTP_DATES = [
    *("Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"),
    *("Mon, 01 Jan 0001 00:00:00 +1400", "Mon, 99 Foo 99999 99:99:99 +99999999"),
    *("9" * 400, "-1", "1e999", "nan", "Thu, 01 Jan 1970 00:00:00 GMT", ","),
]
CLOCKS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]
FILE_SECONDS = [-(2**55), -1, 0, 2**31, 2**33, 2**55]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("prepared") / "site"
    with Simulator() as sim:
        prepare(folder, sim)
        yield folder


@pytest.mark.sampled
@pytest.mark.parametrize("now", spread(CLOCKS, 2), ids=str)
def test_a_clock_that_is_wrong_is_no_bug(prepared, tmp_path, now, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SystemClock, "now", lambda _: now)
    copy = Copy(prepared, tmp_path / "site")
    for arguments in COMMANDS:
        check(copy.run(arguments), f"{now}: {' '.join(arguments)}")


@pytest.mark.sampled
@pytest.mark.parametrize("seconds", spread(FILE_SECONDS, 3))
def test_files_of_any_time_are_no_bug(prepared, tmp_path, seconds, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    copy = Copy(prepared, tmp_path / "site")
    for file in copy.folder.rglob("*"):
        try:
            os.utime(file, (seconds, seconds), follow_symlinks=False)
        except (OverflowError, OSError):  # this file system has no such time
            return
    for arguments in COMMANDS:
        check(copy.run(arguments), " ".join(arguments))


@pytest.mark.sampled
@pytest.mark.parametrize("time", shared_out(spread(TIMES, 8)))
def test_an_upstreams_time_is_no_bug(tmp_path: Path, time: str, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        sim.publish(module("good.example/m", "v1.0.0"))
        site = InProcessSite(tmp_path / "site", sim, index=True)
        site.declare(
            select=[
                {"modules": ["good.example/m"]},
                {"modules": ["a.example/*"], "min_age": 36_500},
                {"modules": ["a.example/m"], "since": "0001-01-01"},
            ]
        )
        row = f'{{"Path":"a.example/m","Version":"v1.0.0","Timestamp":"{time}"}}\n'
        sim.replace_body("/index*", row.encode())
        sim.replace_body(
            "/a.example/m/@v/v1.0.0.info",
            f'{{"Version":"v1.0.0","Time":"{time}"}}'.encode(),
        )
        for arguments in (["sync"], ["sync", "--retry"], ["status"], ["plan"]):
            check(site.run(*arguments), " ".join(arguments))
        for arguments in (["run", "--once", "audit"], ["audit"], ["list", "--all"]):
            check(site.run(*arguments), " ".join(arguments))
        assert "good.example/m@v1.0.0" in site.carried()


@pytest.mark.parametrize("value", shared_out(HTTP_DATES))
def test_a_date_in_a_header_is_no_bug(tmp_path: Path, value: str, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        sim.publish(module("b.example/m", "v1.0.0"))
        site = InProcessSite(
            tmp_path / "site", sim, modules=["a.example/m", "b.example/m"]
        )
        sim.fail("/a.example/*", status=429, headers=(("Retry-After", value),))
        dated = (("Last-Modified", value), ("Date", value), ("Expires", value))
        sim.fault("/b.example/*", lambda _, answer: replace(answer, headers=dated))
        for arguments in (["sync"], ["audit"], ["status"], ["run", "--once", "audit"]):
            check(site.run(*arguments), " ".join(arguments))
        assert "b.example/m@v1.0.0" in site.carried()
        shutil.rmtree(site.folder)


def _is_refused(checked: Result) -> bool:
    return checked.code == USAGE and not EVERY_STEP


@pytest.mark.sampled
@pytest.mark.parametrize("value", [*TIMES, *HTTP_DATES, "9" * 30 + "d", "1e9d", "∞"])
def test_a_time_of_the_configuration_or_an_option_is_no_bug(
    tmp_path: Path, value: str, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    site = InProcessSite(tmp_path / "site", upstream={"proxies": "off", "sumdb": "off"})
    site.tree.mkdir()
    tried: list[dict[str, Any]] = [
        {"select": [{"modules": ["a.b/c"], "since": value}]},
        {"select": [{"modules": ["a.b/c"], "min_age": value}]},
        {"prune": {"grace_days": value}},
        {"audit": {"interval_days": value, "stale_days": value}},
        {"daemon": {"stop_seconds": value, "jobs": {"sync": {"interval": value}}}},
        {"daemon": {"jobs": {"sync": {"cron": value, "jitter": value}}}},
        {"upstream": {"index_since": value, "index": "http://127.0.0.1:1"}},
    ]
    for sections in tried:
        upstream = {"proxies": "off", "sumdb": "off", **sections.get("upstream", {})}
        given = InProcessSite(tmp_path / "given", upstream=upstream)
        given.declare(**{k: v for k, v in sections.items() if k != "upstream"})
        checked = given.run("config", "check")
        check(checked, f"{sections}: config check")
        commands = ("sync",), ("status",), ("plan",)
        # What stops at its configuration does so in one manner.
        for arguments in commands[: 1 if _is_refused(checked) else None]:
            check(given.run(*arguments), f"{sections}: {arguments}")
        shutil.rmtree(given.folder)
    for option in ("--max-age", "--max-duration", "--wait-lock"):
        check(site.run("verify", str(site.tree), option, value), f"{option} {value}")
