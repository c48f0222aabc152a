"""Hooks are told which URLs a publish changed, exactly, and until they took it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gosync.daemon.publishes import batches_of
from gosync.publish.changelog import ChangeLog, FileChange, TreeChanges
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.integration.site import Site, digests
from tests.integration.steps import Stepper, chosen
from tests.simulator import Simulator
from tests.simulator.standard import module

A, B = "a.example/Upper/m", "b.example/n"
BASE = "https://goproxy.example.com"
SAMPLES = Path(__file__).parents[2] / "samples/hooks"
KILLS = 3


def hooked_site(folder: Path, sim: Simulator, hook: str) -> Site:
    site = Site(folder / "site", sim, modules=[A, B])
    site.declare(publish={"tree": "public", "url": BASE}, hooks={"on_publish": [hook]})
    return site


def told(file: Path) -> list[dict[str, Any]]:
    """Return what was told since the last time."""
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    events = [json.loads(line) for line in lines]
    assert all(event["occasion"] == "publish" for event in events)
    return [event["published"] for event in events]


def kept(file: Path) -> str:
    return f"sh -c 'cat >> {file}; echo >> {file}'"


def urls_of(site: Site) -> dict[str, str]:
    """Return the digest of each file of the tree that is told of, by its URL."""
    return {
        f"{BASE}/{name if name.startswith('sumdb/') else quote(name, '/@+')}": digest
        for name, digest in digests(site.tree).items()
        if name != "status.json" and not name.startswith(".gosync/")
    }


def check_told(
    published: list[dict[str, Any]], before: dict[str, str], after: dict[str, str]
) -> None:
    """Check that exactly what differs was told."""
    found = {
        key: sorted(url for each in published for url in each[key])
        for key in ("added", "changed", "removed")
    }
    both = before.keys() & after.keys()
    assert found == {
        "added": sorted(after.keys() - before.keys()),
        "changed": sorted(url for url in both if before[url] != after[url]),
        "removed": sorted(before.keys() - after.keys()),
    }


def test_exactly_what_changed_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "told"
    with Simulator() as sim:
        sim.log.grow(300)
        sim.publish(module(A, "v1.0.0"))
        sim.publish(module(B, "v1.0.0"))
        site = hooked_site(tmp_path, sim, kept(file))
        site.run("run", "--once", "sync")
        first = urls_of(site)
        published = told(file)
        check_told(published, {}, first)
        assert f"{BASE}/a.example/%21upper/m/@v/v1.0.0.zip" in published[0]["added"]
        assert published[0]["modules"] == [A, B]

        site.run("run", "--once", "sync")
        assert told(file) == []

        sim.publish(module(A, "v1.1.0"))
        site.run("sync", "--refresh")
        site.run("withdraw", f"{B}@v1.0.0", "--reason", "a test")
        site.run("publish")
        assert not file.exists()
        site.run("run", "--once", "publish")
        second = urls_of(site)
        check_told(told(file), first, second)
        site.check(sim)


def test_what_a_hook_does_not_take_is_told_again(tmp_path: Path) -> None:
    file, switch = tmp_path / "told", tmp_path / "works"
    hook = f"sh -c 'test -e {switch} && cat >> {file} && echo >> {file}'"
    with Simulator() as sim:
        sim.publish(module(A, "v1.0.0"))
        site = hooked_site(tmp_path, sim, hook)
        site.run("run", "--once", "sync", expect=None)
        sim.publish(module(A, "v1.1.0"))
        site.run("run", "--once", "lists", expect=None)
        assert told(file) == []
        switch.touch()
        site.run("run", "--once", "publish", expect=None)
        check_told(told(file), {}, urls_of(site))


@pytest.mark.sampled
def test_a_publish_that_was_killed_leaves_nothing_untold(tmp_path: Path) -> None:
    file = tmp_path / "told"
    with Simulator() as sim, Stepper() as stepper:
        sim.publish(module(A, "v1.0.0"))
        sim.publish(module(B, "v1.0.0"))
        site = hooked_site(tmp_path, sim, kept(file))
        site.sync("--no-publish")
        whole = stepper.run(site, "publish")
        names = [n for n, each in enumerate(whole.steps) if "public" in each.path]
        picked = [names[n] for n in chosen([whole.steps[n] for n in names], KILLS)]
        for number in picked:
            subprocess.run(["rm", "-rf", site.tree, site.store / "changes"], check=True)
            assert stepper.run(site, "publish", kill_at=number).code == -signal.SIGKILL
            site.run("publish")
            site.run("run", "--once", "publish")
            found = {url for each in told(file) for url in each["added"]}
            assert found == urls_of(site).keys()


@pytest.mark.long
@pytest.mark.slow(30)
def test_a_server_s_owner_tells_what_was_pulled(tmp_path: Path) -> None:
    file = tmp_path / "told"
    (tmp_path / "site").mkdir()
    with Simulator() as sim:
        sim.publish(module(A, "v1.0.0"))
        site = pulling_site(tmp_path / "site", sim, workers=1)
        site.declare(hooks={"on_publish": [kept(file)]})
        path = "/a.example/!upper/m/@v/v1.0.0.zip"
        with Serving(site.folder, environment=site.environment) as server:
            assert server.get(path).status == 200
            server.wait_until(
                lambda: file.exists() and "v1.0.0.zip" in file.read_text()
            )
            assert server.stop() == 0


def test_changes_of_one_file_come_to_one(tmp_path: Path) -> None:
    log = ChangeLog(tmp_path)
    added, changed, removed = FileChange.ADDED, FileChange.CHANGED, FileChange.REMOVED
    for change, path in (
        *((added, "new"), (changed, "new"), (changed, "old"), (changed, "old")),
        *((removed, "back"), (added, "back"), (changed, "gone"), (removed, "gone")),
    ):
        log.note(change, path)
    with log.telling() as found, log.telling() as other:
        assert found == TreeChanges(("new",), ("old", "back"), ("gone",))
        assert not other.any
    with log.telling() as found:
        assert not found.any
    log.note(added, "kept")
    with pytest.raises(KeyError), log.telling():
        raise KeyError
    log.note(changed, "kept")
    with log.telling() as found:
        assert found == TreeChanges(("kept",))


def test_many_urls_are_told_in_batches() -> None:
    changes = TreeChanges(tuple(f"{n}.example/m/@v/list" for n in range(1500)), ("x",))
    first, second = batches_of(changes, "")
    assert (len(first.added), len(second.added), second.changed) == (1000, 500, ("/x",))
    assert len(first.modules) == 1000
    (all_of_it,) = batches_of(TreeChanges(everything=True), BASE)
    assert all_of_it.everything


@contextmanager
def cdn() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Yield the address of a CDN, and what it is sent."""
    seen: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            seen.append((self.command, self.path, self.rfile.read(length)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PURGE = _take  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_samples_refresh_and_prefetch_by_url(tmp_path: Path) -> None:
    output = tmp_path / "urls"

    def run(name: str, event: dict[str, Any], **environment: str) -> int:
        done = subprocess.run(
            [sys.executable, SAMPLES / name],
            input=json.dumps({"published": event}).encode(),
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            check=False,
        )
        return done.returncode

    with cdn() as (url, seen):
        event = {
            "added": [f"{url}/m/@v/v1.0.0.zip", f"{url}/modules/search.js"],
            "changed": [f"{url}/m/@v/list"],
            "removed": [],
            "everything": False,
        }
        assert run("cdn_refresh.py", event) == 0
        assert {each[:2] for each in seen} == {
            ("PURGE", f"/{path}")
            for path in ("m/@v/v1.0.0.zip", "m/@v/list", "modules/search.js")
        }
        seen.clear()
        api = {"CDN_PURGE_API": f"{url}/purge_cache", "CDN_BATCH": "2"}
        assert run("cdn_refresh.py", event, **api) == 0
        assert [len(json.loads(body)["files"]) for _, _, body in seen] == [2, 1]
        seen.clear()
        assert run("cdn_prefetch.py", event) == 0
        assert {each[:2] for each in seen} == {
            ("GET", "/m/@v/v1.0.0.zip"),
            ("GET", "/m/@v/list"),
        }
        command = f"sh -c 'echo \"$1\" >> {output}' sh"
        for name in ("cdn_refresh.py", "cdn_prefetch.py"):
            assert run(name, event, CDN_COMMAND=command) == 0
        assert len(output.read_text().splitlines()) == 5
        assert run("cdn_refresh.py", {**event, "everything": True}) != 0
        gone = {**event, "changed": ["http://127.0.0.1:1/m/@v/list"]}
        assert run("cdn_refresh.py", gone) != 0
        assert run("cdn_prefetch.py", gone) != 0
