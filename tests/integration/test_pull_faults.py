"""Pull-through from an upstream that misbehaves: never a wrong byte, never a false 404.

Each fault is met by a version of its own: the answer is right, or an error that is no
404; once the fault is over the same request is answered right, and at the end the store
and the tree hold nothing that the upstream's log does not prove.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.names import parse_gosumdb
from tests.integration.pulling import pulling_site
from tests.integration.serving import Served, Serving
from tests.simulator import Simulator
from tests.simulator.standard import module

M = "std.example/plain"
_PLAIN = {"timeout_seconds": 30, "retries": 0}
_FAULTS = {
    "zip cut, right length": ("zip", lambda s, g: s.truncate(g, times=1)),
    "zip cut, wrong length": (
        "zip",
        lambda s, g: s.truncate(g, content_length="wrong", times=1),
    ),
    "zip cut, no length": (
        "zip",
        lambda s, g: s.truncate(g, content_length="none", times=1),
    ),
    "zip cut, chunked": (
        "zip",
        lambda s, g: s.truncate(g, content_length="chunked", times=1),
    ),
    "zip altered": ("zip", lambda s, g: s.swap_bytes(g, times=1)),
    "zip is HTML": ("zip", lambda s, g: s.html(g, times=1)),
    "zip reset midway": ("zip", lambda s, g: s.reset(g, after_bytes=100, times=1)),
    "zip unanswered": ("zip", lambda s, g: s.reset(g, times=1)),
    "mod altered": ("mod", lambda s, g: s.swap_bytes(g, times=1)),
    "mod is HTML": ("mod", lambda s, g: s.html(g, times=1)),
    "mod 503": ("mod", lambda s, g: s.fail(g, status=503, times=1)),
    "mod 404 that is none": ("mod", lambda s, g: s.fetch_timed_out(g, times=1)),
    "info is HTML": ("info", lambda s, g: s.html(g, times=1)),
    "info 500": ("info", lambda s, g: s.fail(g, status=500, times=1)),
    "info 429": ("info", lambda s, g: s.rate_limit(g, times=1)),
}
_NUMBERS = {name: number for number, name in enumerate(_FAULTS)}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=5) as started:
        for number in range(80):
            started.publish(module(M, f"v1.{number}.0", say=f"{number}"))
        yield started


@pytest.fixture(scope="module")
def server(sim, tmp_path_factory) -> Iterator[Serving]:
    site = pulling_site(tmp_path_factory.mktemp("site"), sim, upstream=_PLAIN)
    with Serving(site.folder, environment=site.environment) as started:
        yield started
        started.stop()
        site.check(sim)


@pytest.mark.parametrize("name", _FAULTS)
def test_a_fault_costs_a_try_and_nothing_else(sim, server, name):
    kind, fault = _FAULTS[name]
    version = f"v1.{_NUMBERS[name]}.0"
    path = f"/{M}/@v/{version}.{kind}"
    right = _served(sim, version, kind)
    with fault(sim, f"*{path}") as put_on:
        first = server.get(path)
        assert put_on.hits == 1
    again = server.get(path)

    assert first.status in (200, 502, 503)
    assert first.status != 200 or first.body == right
    assert (again.status, again.body) == (200, right)


@pytest.mark.parametrize("kind", ["info", "mod", "zip"])
def test_what_stays_wrong_is_never_given_out(sim, server, kind):
    version = {"info": "v1.20.0", "mod": "v1.21.0", "zip": "v1.22.0"}[kind]
    path = f"/{M}/@v/{version}.{kind}"
    with sim.html(f"*{path}"):
        statuses = {server.get(path).status for _ in range(3)}

    assert statuses == {502}
    assert server.get(path).body == _served(sim, version, kind)


def test_fifty_clients_of_a_cold_version_cause_one_fetch(sim, server):
    version = "v1.30.0"
    path = f"/{M}/@v/{version}.zip"
    mark = sim.mark()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: server.get(path), range(50)))

    assert {answer.status for answer in answers} == {200}
    assert {answer.body for answer in answers} == {_served(sim, version, "zip")}
    assert sim.counts(since=mark)[RequestKind.ZIP] == 1


def test_no_zip_is_fetched_for_a_mod(sim, server):
    mark = sim.mark()
    server.get(f"/{M}/@v/v1.31.0.mod")
    server.get(f"/{M}/@v/v1.31.0.info")

    assert sim.counts(since=mark)[RequestKind.ZIP] == 0
    assert sim.counts(since=mark)[RequestKind.MOD] == 1


def test_a_definite_no_is_remembered_and_a_failure_is_not(sim, server):
    path = "/std.example/nothing/@v/list"
    mark = sim.mark()
    answers = [server.get(path) for _ in range(3)]

    assert [answer.status for answer in answers] == [404, 404, 404]
    asked = [each.request.path for each in sim.requests_since(mark)]
    assert asked.count(path) == 1, asked
    with sim.fail(f"*/{M}-other/*", status=503):
        answer = server.get(f"/{M}-other/@v/list")
    assert (answer.status, "retry-after" in answer.headers) == (503, True)
    assert server.get(f"/{M}-other/@v/list").status == 404


@pytest.mark.long
def test_a_list_outlives_its_upstream(sim, tmp_path):
    site = pulling_site(tmp_path, sim, upstream=_PLAIN, fresh_seconds=0, workers=1)
    with Serving(site.folder, environment=site.environment) as server:
        path = f"/{M}/@v/list"
        fresh = server.get(path)
        with sim.fail("*/@v/list", status=503):
            stale = server.get(path)
            unknown = server.get("/std.example/widget/@v/list")

    assert fresh.body == stale.body == sim_list(sim)
    assert (stale.status, unknown.status) == (200, 503)


@pytest.mark.long
def test_a_killed_owner_costs_no_client_an_answer(sim, tmp_path):
    site = pulling_site(tmp_path, sim, upstream=_PLAIN)
    path, version = f"/{M}/@v/v1.40.0.zip", "v1.40.0"
    with Serving(site.folder, environment=site.environment) as server:
        server.wait_until(lambda: server.get("/readyz").status == 200)
        answers: list[Served] = []
        with sim.delay(f"*{path}", 1.0, times=1) as delay:
            asking = threading.Thread(target=lambda: answers.append(server.get(path)))
            asking.start()
            server.wait_until(lambda: delay.hits)
            os.kill(_owner_of(server), signal.SIGKILL)
            asking.join()
        again = server.get(path)
        assert server.stop() == 0
    [first] = answers

    assert first.status in (200, 503)
    assert first.status != 200 or first.body == again.body
    assert (again.status, again.body) == (200, _served(sim, version, "zip"))
    site.check(sim)


@pytest.mark.long
def test_a_second_server_takes_over_from_one_that_is_killed(sim, tmp_path):
    folder, other = tmp_path / "site", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    site = pulling_site(folder, sim, upstream=_PLAIN, workers=1)
    path = f"/{M}/@v/v1.41.0.zip"
    arguments = ("--config", site.config_file)
    with (
        Serving(site.folder, environment=site.environment) as first,
        Serving(other, *arguments, environment=site.environment) as second,
    ):
        first.wait_until(lambda: first.get("/readyz").status == 200)
        mark = sim.mark()
        bodies = {first.get(path).body, second.get(path).body}
        fetched = sim.counts(since=mark)[RequestKind.ZIP]
        first.process.kill()
        first.process.wait()
        later = second.get(f"/{M}/@v/v1.42.0.zip")

    assert bodies == {_served(sim, "v1.41.0", "zip")}
    assert fetched == 1
    assert later.body == _served(sim, "v1.42.0", "zip")
    site.check_store()
    site.check_tree(sim)


def test_what_rules_keep_away_is_refused_and_not_listed(sim, tmp_path):
    site = pulling_site(
        tmp_path,
        sim,
        workers=1,
        deny=["std.example/secret"],
        versions="<v1.5.0",
        exclude=[f"{M}@v1.3.0"],
        contact="go-mirror@example.com",
    )
    with Serving(site.folder, environment=site.environment) as server:
        mark = sim.mark()
        denied = server.get("/std.example/secret/@v/list")
        assert sim.requests_since(mark) == []
        newer = server.get(f"/{M}/@v/v1.5.0.mod")
        excluded = server.get(f"/{M}/@v/v1.3.0.zip")
        listed = server.get(f"/{M}/@v/list").text.split()
        latest = server.get(f"/{M}/@latest").text

    assert [each.status for each in (denied, newer, excluded)] == [403] * 3
    assert "serve.deny" in denied.text
    assert "go-mirror@example.com" in denied.text
    assert listed == ["v1.0.0", "v1.1.0", "v1.2.0", "v1.4.0"]
    assert '"v1.4.0"' in latest


@pytest.mark.long
def test_it_is_not_ready_while_the_tree_head_is_too_old(sim, tmp_path):
    site = pulling_site(tmp_path, sim, workers=1, max_head_age="2h")
    seen = site.store / "serve/merged/head-seen"
    with Serving(site.folder, environment=site.environment) as server:
        server.wait_until(lambda: server.get("/readyz").text == "ready\n")
        assert server.get(f"/sumdb/{sim.log.name}/latest").status == 200
        hours_ago = time.time() - 3 * 3600
        os.utime(seen, (hours_ago, hours_ago))
        late = server.get("/readyz")

    assert (late.status, late.text) == (503, "the newest tree head is of 3.0 h ago\n")


@pytest.mark.long
def test_a_tree_that_is_away_is_not_begun_anew(sim, tmp_path):
    site = pulling_site(tmp_path, sim, workers=1)
    with Serving(site.folder, environment=site.environment) as server:
        assert server.get(f"/{M}/@v/v1.60.0.mod").status == 200
        assert server.stop() == 0
    site.tree.rename(tmp_path / "away")
    refused = site.run("serve", "--listen", "127.0.0.1:0", timeout_seconds=60)

    assert refused.code == 7
    assert "mounted" in refused.stderr
    assert not site.tree.exists()


def sim_list(sim: Simulator) -> bytes:
    """Return the list of M as gosync writes it."""
    return "".join(f"v1.{number}.0\n" for number in range(80)).encode()


def _served(sim: Simulator, version: str, kind: str) -> bytes:
    publication = sim.publication(ModuleVersion(M, version))
    return publication.file(RequestKind(kind))


def _owner_of(server: Serving) -> int:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    for pid in children.read_text().split():
        with suppress(OSError):
            if b"--owner" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    raise AssertionError("no owner")


@pytest.mark.long
def test_what_was_pulled_goes_beyond_its_limit_and_never_what_is_selected(
    sim, tmp_path
):
    site = pulling_site(tmp_path, sim, workers=1)
    site.select([f"{M}@v1.50.0"])
    site.sync()
    with Serving(site.folder, environment=site.environment) as server:
        for number in (50, 51, 52, 53):
            assert server.get(f"/{M}/@v/v1.{number}.0.zip").status == 200
        assert server.stop() == 0
    assert site.run("why", f"{M}@v1.51.0").document["claims"][0]["who"] == "pulled"
    site.sync()  # a selection drops nothing that was pulled
    assert len(site.carried()) == 4

    size = len(_served(sim, "v1.53.0", "zip"))
    site.declare(serve={"pull_through": True, "max_bytes": f"{2 * size}"})
    with Serving(site.folder, environment=site.environment) as server:
        server.wait_until(lambda: server.get("/readyz").status == 200)
        assert server.stop() == 0

    assert site.carried() == {f"{M}@v1.50.0", f"{M}@v1.53.0"}
    assert site.listed() == site.carried()
    site.check(sim)


@pytest.mark.long
def test_what_nobody_asked_for_in_so_many_days_goes(sim, tmp_path):
    asked, unused, selected = (f"{M}@v1.{number}.0" for number in (60, 61, 62))
    site = pulling_site(tmp_path, sim, workers=1)
    site.select([selected])
    site.sync()
    with Serving(site.folder, environment=site.environment) as server:
        for number in (60, 61, 62):
            assert server.get(f"/{M}/@v/v1.{number}.0.zip").status == 200
        assert server.stop() == 0
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
        catalog.execute("UPDATE pulled SET used_on = '2026-01-01'")
        catalog.commit()

        # A worker that has all it is asked for asks the owner nothing.
        with Serving(site.folder, environment=site.environment) as server:
            assert server.get(f"/{M}/@v/v1.60.0.zip").status == 200
            used = "SELECT version FROM pulled WHERE used_on > '2026-01-01'"
            server.wait_until(
                lambda: catalog.execute(used).fetchall() == [("v1.60.0",)]
            )
            assert server.stop() == 0

    site.declare(serve={"pull_through": True, "keep": "unused 30d"})
    with Serving(site.folder, environment=site.environment) as server:
        server.wait_until(lambda: server.get("/readyz").status == 200)
        assert server.stop() == 0

    assert unused not in site.carried()
    assert site.carried() == site.listed() == {asked, selected}
    site.check(sim)


@pytest.mark.long
def test_a_private_name_goes_to_private_upstreams_alone(sim, tmp_path):
    with Simulator() as ours:
        ours.publish(
            module("corp.example/secret", "v1.0.0"), indexed=False, logged=False
        )
        site = pulling_site(
            tmp_path,
            sim,
            upstream={
                "proxies": [sim.url, ours.url],
                "private": ["corp.example/*"],
                "private_proxies": [ours.url],
            },
            workers=1,
        )
        mark = sim.mark()
        with Serving(site.folder, environment=site.environment) as server:
            path = "/corp.example/secret/@v"
            answers = [server.get(f"{path}/{name}") for name in ("list", "v1.0.0.zip")]
            typo = server.get("/corp.example/secert/@v/list")
            name = parse_gosumdb(sim.gosumdb)
            assert name is not None
            lookup = f"/sumdb/{name.name}/lookup/corp.example/secret@v1.0.0"
            answers.append(server.get(lookup))

    assert [each.status for each in answers] == [200, 200, 404]
    assert typo.status == 404
    assert sim.requests_since(mark) == []
