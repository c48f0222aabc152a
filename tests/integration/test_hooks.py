"""Whom the daemon tells of what, and what hooks cannot do to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest

from gosync.config import load_config
from gosync.daemon.notify import Notifier
from gosync.daemon.once import exit_code_of, run_once
from gosync.gomod.module import ModuleVersion
from tests.integration.service import schedule
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import OUTER, module

DAY = timedelta(days=1)


class SetClock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return time.monotonic()


def _run(site: Site, clock: SetClock, *jobs: str) -> int:
    """Run jobs once in this process, which is the faster way."""
    config = load_config(site.config_file, {})
    work = partial(
        run_once,
        config,
        jobs or ("sync",),
        clock=clock,
        notifier=Notifier({}),
        wait_lock_seconds=0,
    )
    return exit_code_of(anyio.run(work))


def _site(folder: Path, sim: Simulator, **hooks: object) -> Site:
    sim.publish(module(OUTER, "v1.0.0"))
    site = Site(folder / "site", sim, modules=[OUTER])
    schedule(site, {}, name="corner")
    site.declare(hooks=hooks)
    return site


def _told(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_occasion_is_told_and_a_lasting_failure_once_a_day(tmp_path: Path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    clock = SetClock()
    with Simulator() as sim:
        site = _site(
            tmp_path,
            sim,
            on_success=[f"sh -c 'cat >> {good}; echo >> {good}'"],
            on_failure=[f"sh -c 'cat >> {bad}; echo >> {bad}'"],
        )
        assert _run(site, clock) == 0
        fault = sim.fail("*/@v/list", status=503)
        for _ in range(30):  # every hour, more than a day
            assert _run(site, clock) == 75
            clock.time += timedelta(hours=1)
        sim.publish(module(OUTER, "v1.1.0", day=1))
        fault.remove()
        sim.rewrite(ModuleVersion(OUTER, "v1.1.0"), {"more.go": b"package tree\n"})
        clock.time += DAY
        assert _run(site, clock) == 6

    failures = [(each["exit_code"], each["failures"]) for each in _told(bad)]
    assert failures == [(75, 1), (75, 25), (6, 31)]
    successes = _told(good)
    assert len(successes) == 1
    document = successes[0]
    assert document["type"] == "hook"
    assert document["mirror"] == "corner"
    assert document["job"] == "sync"
    assert document["summary"]["versions_admitted"] == 1
    assert "503" in _told(bad)[0]["error"]


def test_a_month_whose_volume_is_spent_is_told_once(tmp_path: Path):
    told, clock = tmp_path / "told", SetClock()
    clock.time = datetime.now(UTC)  # whoever fetches counts in the month that it is
    with Simulator() as sim:
        hook = f"sh -c 'cat >> {told}; echo >> {told}'"
        site = _site(tmp_path, sim, on_alert=[hook])
        site.configure({"monthly_volume": "1000"})
        for _ in range(2):
            assert _run(site, clock) == 0
    (document,) = _told(told)
    (alert,) = document["summary"]["alerts"]
    assert alert["rule"] == "upstream.monthly_volume"
    assert alert["key"].endswith(": 100 %")
    assert alert["count"] > 1000


def test_an_upstream_that_goes_and_one_that_comes_back_are_told_once(tmp_path: Path):
    told, clock = tmp_path / "told", SetClock()
    with Simulator() as sim:
        url = sim.url
        hook = f"sh -c 'cat >> {told}; echo >> {told}'"
        site = _site(tmp_path, sim, on_upstream=[hook])
        assert _run(site, clock) == 0
        assert not told.exists()
        fault = sim.fail("*", status=500)
        for _ in range(4):
            _run(site, clock)
            clock.time += timedelta(hours=1)
        fault.remove()
        for _ in range(2):
            clock.time += DAY
            assert _run(site, clock) == 0
    gone, back = _told(told)
    assert (gone["occasion"], back["occasion"]) == ("upstream", "upstream")
    (away,), (here,) = gone["upstreams"], back["upstreams"]
    assert (away["url"], here["url"]) == (url, url)
    assert away["state"] in ("open", "half-open")
    assert "500" in away["reason"]
    assert here["state"] == "closed"


def test_a_finding_is_told_once_with_both_sides_and_is_no_failure(tmp_path: Path):
    found, bad = tmp_path / "found", tmp_path / "bad"
    clock = SetClock()
    with Simulator() as sim:
        site = _site(
            tmp_path,
            sim,
            on_finding=[f"sh -c 'cat >> {found}; echo >> {found}'"],
            on_failure=[f"touch {bad}"],
        )
        assert _run(site, clock, "sync", "audit") == 0
        assert not found.exists()
        sim.rewrite(ModuleVersion(OUTER, "v1.0.0"), {"more.go": b"package tree\n"})
        for _ in range(3):
            clock.time += 8 * DAY
            assert _run(site, clock, "sync", "audit") == 4
        status = json.loads((site.tree / "status.json").read_bytes())

    (event,) = _told(found)
    (finding,) = event["findings"]
    assert (event["occasion"], event["exit_code"]) == ("finding", 4)
    assert (finding["kind"], finding["path"]) == ("rewritten", OUTER)
    assert finding["ours"]["zip_h1"] != finding["theirs"]["zip_h1"]
    assert status["findings"]["rewritten"] == 1
    assert status["jobs"]["audit"]["failures"] == 0
    assert not bad.exists()


def test_a_damaged_blob_is_a_failure_of_the_verify_job(tmp_path: Path):
    bad = tmp_path / "bad"
    clock = SetClock()
    with Simulator() as sim:
        site = _site(tmp_path, sim, on_failure=[f"sh -c 'cat >> {bad}; echo >> {bad}'"])
        assert _run(site, clock, "sync", "verify") == 0
        (zip_file,) = site.tree.glob("**/*.zip")
        zip_file.chmod(0o644)
        with zip_file.open("r+b") as file:  # a link: the store's blob is the same file
            file.seek(40)
            file.write(b"?")
        clock.time += 8 * DAY
        assert _run(site, clock, "verify") == 4

    (event,) = _told(bad)
    assert event["job"] == "verify"
    assert "blobs/sha256/" in event["error"]
    assert "gosync verify --repair" in event["error"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/not/there", "/not/there: No such file"),
        ("sh -c 'echo the reason; exit 7'", "sh: exit 7: the reason"),
        ("sh -c 'kill -TERM $$'", "sh: exit -15"),
        ("sh -c 'sleep 600'", "sh: ended after 5 s"),
        pytest.param(
            "sh -c 'yes & yes'", "sh: ended after 5 s: y y y", marks=pytest.mark.long
        ),
    ],
)
def test_no_hook_reaches_the_daemon(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, command: str, said: str
):
    after = tmp_path / "after"
    with Simulator() as sim:
        site = _site(
            tmp_path,
            sim,
            on_success=[command, f"touch {after}"],
            time_limit_seconds=5,
        )
        started = time.monotonic()
        assert _run(site, SetClock()) == 0
    assert time.monotonic() - started < 60
    assert said in caplog.text
    assert after.exists()


@contextmanager
def _webhook(status: int = 204, *, delay_seconds: float = 0) -> Iterator[Any]:
    """Serve a webhook; yield its server, whose ``got`` is what was posted."""
    got: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, json.loads(body)))
            time.sleep(delay_seconds)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got = got  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "delay_seconds", "said"),
    [
        (204, 0, "told"),
        (500, 0, "answered 500"),
        (302, 0, "answered 302"),
        (204, 8, "no answer in 5 s"),
    ],
)
def test_a_webhook_is_posted_to_and_its_secret_is_not_told(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    status: int,
    delay_seconds: float,
    said: str,
):
    caplog.set_level("INFO", "gosync")
    with Simulator() as sim, _webhook(status, delay_seconds=delay_seconds) as server:
        url = f"http://127.0.0.1:{server.server_port}/s3cr3t"
        site = _site(tmp_path, sim, on_success=[url], time_limit_seconds=5)
        assert _run(site, SetClock()) == 0
        (path, document), *more = server.got
    assert (path, more) == ("/s3cr3t", [])
    assert document["occasion"] == "success"
    assert said in caplog.text
    assert "s3cr3t" not in caplog.text


def test_a_webhook_that_is_not_there_is_no_trouble(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with Simulator() as sim:
        site = _site(tmp_path, sim, on_success=["http://127.0.0.1:1/s3cr3t"])
        assert _run(site, SetClock()) == 0
    assert "http://127.0.0.1: cannot connect" in caplog.text
    assert "s3cr3t" not in caplog.text
