"""What `gosync serve` answers 404 or 403 becomes requests in the store's catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.serve.accesslog import AccessEntry, Outcome
from gosync.serve.missinglog import (
    MOST_LINES,
    MissingLog,
    MissingSpec,
    noted,
    set_aside,
)
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import module


def listed(site: Site) -> dict[str, int]:
    """Return how often `gosync requests list` says each was asked for."""
    found = site.run("requests", "list", "--all").document["requests"]
    return {f"{each['module']}@{each['query']}": each["count"] for each in found}


def ask(site: Site, expected: dict[str, int], *paths: str) -> None:
    """Ask a site's server for paths, and wait for the requests that come of it."""
    folder = site.folder / "store/serve"
    with Serving(site.folder, environment=site.environment) as server:
        for path in paths:
            server.get(path)
        server.wait_until(lambda: listed(site) == expected and not noted(folder))
        assert server.stop() == 0


def test_what_is_not_there_and_what_may_not_be_pulled_is_recorded(tmp_path):
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        site = pulling_site(tmp_path, sim, deny=["denied.example/*"], workers=1)
        ask(
            site,
            {"a.example/m@v1.9.9": 2, "denied.example/m@v1.0.0": 1},
            "/a.example/m/@v/v1.0.0.mod",
            "/a.example/m/@v/v1.9.9.info",
            "/a.example/m/@v/v1.9.9.info",
            "/denied.example/m/@v/v1.0.0.mod",
            "/favicon.ico",
        )


@pytest.mark.long
def test_a_server_that_pulls_nothing_records_too_without_an_address(tmp_path):
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        site = Site(tmp_path, sim, modules=["a.example/m"])
        site.declare(serve={"workers": 1, "anonymous": True}, access={"prefix": "/go"})
        site.sync()
        ask(
            site,
            {"b.example/m@latest": 1},
            "/a.example/m/@v/v1.0.0.mod",
            "/b.example/m/@latest",
        )
        (found,) = site.run("requests", "list").document["requests"]
        assert found["askers"] == {}


def test_a_recording_that_was_killed_counts_no_line_twice(tmp_path):
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        site = Site(tmp_path, sim, modules=["a.example/m"])
        site.sync()
        folder = site.folder / "store/serve"
        folder.mkdir()
        note(folder, "/b.example/m/@latest")
        (file,) = set_aside(folder)
        site.run("requests", "read", str(file))  # and then the kill
        note(folder, "/b.example/m/@v/v1.0.0.zip")
        assert len(set_aside(folder)) == 2
        site.run("serve", "--record")
        assert not noted(folder)
        assert listed(site) == {"b.example/m@latest": 1, "b.example/m@v1.0.0": 1}
        note(folder, "/b.example/m/@latest")  # the same bytes, in another file
        set_aside(folder)
        site.run("serve", "--record")
        assert listed(site)["b.example/m@latest"] == 2


def note(folder: Path, *paths: str) -> None:
    """Note paths as a worker does that answered them 404."""
    log = MissingLog(MissingSpec(folder))
    for path in paths:
        log.add(missed(path))
    log.close()


def missed(path: str) -> AccessEntry:
    """Return a request that was answered 404."""
    client = ("2026-11-27T08:20:01.123Z", "10.0.0.7", "ada", "GET", path)
    return AccessEntry(*client, 404, 9, 0.1, Outcome.NEGATIVE, "mod", "", "5f-1")


def test_a_flood_of_misses_fills_no_disk_and_a_minute_later_there_is_room(tmp_path):
    log = MissingLog(MissingSpec(tmp_path, anonymous=True))
    log.flush(100.0)
    for _ in range(MOST_LINES + 100):
        log.add(missed("/b.example/m/@latest"))
    log.flush(130.0)
    log.add(missed("/b.example/m/@latest"))
    log.flush(160.0)
    log.add(missed("/b.example/m/@latest"))
    log.close()
    (file,) = set_aside(tmp_path)
    lines = file.read_bytes().splitlines()
    assert len(lines) == MOST_LINES + 1
    assert not any(b"10.0.0.7" in line or b"ada" in line for line in lines)
