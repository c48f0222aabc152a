"""Scanners that new versions are shown to: what they refuse is in no tree."""

from __future__ import annotations

import http.server
import json
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from tests.integration.inprocess import InProcessSite
from tests.integration.site import MISSING, OK, Site
from tests.simulator import Simulator
from tests.simulator.standard import module, source

GOOD, BAD = "open.example/good", "open.example/bad"
# The test file that every scanner knows: https://www.eicar.org, in two pieces.
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(GOOD, "v1.0.0"))
        sim.publish(infected("v1.0.0"))
        yield sim


def infected(version: str) -> ModuleSource:
    """Return a version with a test virus in it."""
    files = {"go.mod": f"module {BAD}\n\ngo 1.21\n", "testdata/x.com": EICAR}
    return source(BAD, version, files)


def scanner(folder: Path, text: str) -> str:
    """Write a script."""
    file = folder / "scan"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def declare(site: Site, **keys: object) -> None:
    """Let a site ask one scanner."""
    site.declare(admit=[{"name": "av", **keys}])


@pytest.fixture
def site(sim: Simulator, tmp_path: Path) -> InProcessSite:
    return InProcessSite(tmp_path / "site", sim, modules=[GOOD, BAD])


def _verdicts(site: Site) -> dict[str, dict[str, str]]:
    found = (site.tree / "documents" / "verdicts").rglob("*.json")
    documents = [json.loads(each.read_bytes()) for each in found]
    return {f"{each['module']}@{each['version']}": each for each in documents}


def test_what_a_scanner_refuses_stays_out_and_is_named(
    sim: Simulator, site: InProcessSite, tmp_path: Path
):
    log = tmp_path / "log"
    found = 'echo "x.com: FOUND"; exit 1'
    text = f'echo "$2" >> {log}; ! grep -rq EICAR "$1" || {{ {found}; }}'
    command = [scanner(tmp_path, text), "{folder}", "{module}@{version}"]
    version = ["/bin/cat", str(tmp_path / "version")]
    (tmp_path / "version").write_text("av 1.0\n")
    declare(site, command=command, version_command=version)
    site.sync()
    assert site.carried() == {f"{GOOD}@v1.0.0"}
    refused = _verdicts(site)[f"{BAD}@v1.0.0"]
    assert refused["verdict"] == "refuse"
    assert (refused["scanner_version"], refused["reason"]) == ("av 1.0", "x.com: FOUND")
    assert sorted(log.read_text().split()) == [f"{BAD}@v1.0.0", f"{GOOD}@v1.0.0"]

    for told in (site.run("status"), site.run("plan"), site.run("policy", "list")):
        assert "av: x.com: FOUND" in told.stdout, told.stdout
    project = tmp_path / "project"
    project.mkdir()
    (project / "go.mod").write_text(
        f"module a.example/m\n\ngo 1.21\n\nrequire {BAD} v1.0.0\n"
    )
    (project / "m.go").write_text(f'package m\n\nimport _ "{BAD}"\n')
    assert "FOUND" in site.run("closure", str(project)).stdout
    site.run("verify", expect=OK)

    # Undone by somebody who knows better.
    [decision] = site.run("policy", "list").document["decisions"]
    site.run("policy", "undo", decision["id"], expect=OK)
    site.sync()
    assert f"{BAD}@v1.0.0" in site.carried()


def test_a_scanner_that_says_nothing_is_waited_for_or_not(
    site: InProcessSite, tmp_path: Path
):
    declare(site, command=[scanner(tmp_path, "exit 2")], patterns=[BAD])
    failed = site.sync(expect=MISSING).failed
    assert "no verdict, exit 2" in str(failed[f"{BAD}@v1.0.0"])
    assert site.carried() == {f"{GOOD}@v1.0.0"}
    declare(
        site, command=[scanner(tmp_path, "exit 2")], patterns=[BAD], on_error="admit"
    )
    site.sync("--retry", expect=OK)
    assert site.carried() == {f"{GOOD}@v1.0.0", f"{BAD}@v1.0.0"}


@pytest.mark.long
def test_a_scanner_that_hangs_is_ended(site: InProcessSite, tmp_path: Path):
    declare(
        site,
        command=[scanner(tmp_path, "sleep 600")],
        patterns=[BAD],
        time_limit="1s",
        on_error="refuse",
    )
    site.sync()
    assert site.carried() == {f"{GOOD}@v1.0.0"}
    assert "no verdict within 1 s" in site.run("policy", "list").stdout


@contextmanager
def _service() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_bad = self.headers["X-Gosync-Module"] == BAD
            assert body[:2] == b"PK"
            answer = {
                "verdict": "refuse" if is_bad else "admit",
                "reason": "a\x1b[31mb",
            }
            data = json.dumps({**answer, "version": "7"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/scan"
        finally:
            server.shutdown()
            thread.join()


def test_a_service_is_posted_the_zip(site: InProcessSite):
    with _service() as url:
        declare(site, url=url)
        site.sync()
    assert site.carried() == {f"{GOOD}@v1.0.0"}
    assert _verdicts(site)[f"{BAD}@v1.0.0"]["reason"] == "a?[31mb"


@pytest.mark.long
def test_clamav_finds_eicar_in_the_unpacked_zip(site: InProcessSite, tmp_path: Path):
    clamscan = shutil.which("clamscan")
    assert clamscan, "apt-get install clamav; .ci/setup does"
    database = tmp_path / "signatures"
    database.mkdir()
    (database / "own.ndb").write_text(
        "Own.EICAR:0:*:58354f2150254041505b345c505a58353428505e2937434329377d"
        "2445494341522d5354414e444152442d414e544956495255532d544553542d46494c\n"
    )
    command = [clamscan, "--no-summary", "--infected", "-r", "-d", str(database)]
    declare(
        site,
        command=[*command, "{folder}"],
        version_command=[clamscan, "--version", "-d", str(database)],
    )
    site.sync()
    assert site.carried() == {f"{GOOD}@v1.0.0"}
    refused = _verdicts(site)[f"{BAD}@v1.0.0"]
    assert "Own.EICAR.UNOFFICIAL FOUND" in refused["reason"]
    assert refused["scanner_version"].startswith("ClamAV")
