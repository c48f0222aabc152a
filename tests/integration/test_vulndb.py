"""The vulnerability database: from a URL into store and tree, and over the gap."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gosync.osv.files import database_files, entry_file
from tests.integration.inprocess import InProcessSite
from tests.integration.site import MISSING, OK, STANDS_OPEN
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.unit.vulndb.entries import FIRST, entry, fixed, introduced

BAD, GOOD = "bad.example/m", "good.example/m"
ONE, TWO = "GO-2024-0001", "GO-2024-0002"


class Database:
    """A database at a URL.

    Attributes:
        url: Where it is.
        asked: What was asked for, since it was looked at.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked: list[str] = []
        database = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            """Serves the folder."""

            def log_message(self, *_: object) -> None:
                database.asked.append(self.path)

        make = partial(Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), make)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, *entries: bytes) -> dict[str, bytes]:
        """Replace its files; return them."""
        files = database_files({json.loads(e)["id"]: e for e in entries}, modified=None)
        for name, data in files.items():
            path = self._folder / f"{name}.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(data))
        return files

    def taken(self) -> list[str]:
        """Return what was asked for since the last call."""
        asked, self.asked = self.asked, []
        return sorted(asked)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "vulndb").mkdir()
    database = Database(tmp_path / "vulndb")
    yield database
    database.close()


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[InProcessSite]:
    with Simulator() as sim:
        for each in (
            module(BAD, "v1.0.0"),
            module(BAD, "v1.2.0"),
            module(GOOD, "v1.0.0"),
        ):
            sim.publish(each)
        site = InProcessSite(tmp_path / "site", sim, modules=[BAD, GOOD])
        site.declare(vulndb={"source": database.url})
        yield site


def _published(site: InProcessSite) -> dict[str, bytes]:
    folder = site.tree / "vulndb"
    files = (each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in files}


def test_a_database_is_mirrored_and_its_changes_alone_are_fetched(
    site: InProcessSite, database: Database
):
    old, late = entry(ONE, FIRST, fixed("1.1.0"), module=BAD), "2026-09-01T00:00:00Z"
    files = database.put(old)
    site.sync(expect=OK)
    published = _published(site)
    assert {name: published[name] for name in files} == files
    assert {n: gzip.decompress(published[f"{n}.gz"]) for n in files} == files
    site.run("verify", str(site.tree), "--offline", expect=OK)
    assert database.taken() == [
        f"/{entry_file(ONE)}.gz", "/index/db.json.gz", "/index/vulns.json.gz",
    ]  # fmt: skip

    site.sync(expect=OK)
    assert database.taken() == ["/index/db.json.gz", "/index/vulns.json.gz"]

    new = entry(TWO, introduced("1.2.0"), module=BAD, modified=late)
    files = database.put(old, new)
    site.sync(expect=OK)
    assert f"/{entry_file(ONE)}.gz" not in database.taken()
    assert {name: _published(site)[name] for name in files} == files


def test_what_is_affected_is_told_with_what_fixes_it(
    site: InProcessSite, database: Database
):
    database.put(
        entry(ONE, FIRST, fixed("1.1.0"), module=BAD, aliases=["CVE-2024-1"]),
        entry(TWO, FIRST, module=GOOD, withdrawn="2026-01-01T00:00:00Z"),
    )
    site.sync(expect=OK)
    document = site.run("vulns", expect=STANDS_OPEN).document
    (found,) = document["vulnerable"]
    assert found == {
        "module": BAD,
        "version": "v1.0.0",
        "id": ONE,
        "aliases": ["CVE-2024-1"],
        "summary": f"what {ONE} is",
        "fixed": "v1.1.0",
        "fixed_is_carried": True,
    }
    assert (document["entries"], document["versions"]) == (2, 3)
    assert site.run("status", expect=OK).document["vulnerable"] == 1
    assert json.loads((site.tree / "status.json").read_bytes())["vulnerable"] == 1
    assert site.run("vulns", GOOD, expect=OK).document["vulnerable"] == []
    told = site.run("vulns", "--select-fixes", expect=STANDS_OPEN).document
    assert told["fixes"] == [], "it is carried"

    late = "2026-09-01T00:00:00Z"
    withdrawn = entry(TWO, FIRST, module=GOOD, withdrawn="2026-01-01T00:00:00Z")
    database.put(
        entry(ONE, FIRST, fixed("1.5.0"), module=BAD, modified=late), withdrawn
    )
    told = site.run("vulns", "--update", "--select-fixes", expect=STANDS_OPEN).document
    assert told["fixes"] == [{"module": BAD, "version": "v1.5.0", "ids": [ONE]}]


def test_a_projects_fixes_may_be_carried_for_others(
    site: InProcessSite, database: Database, tmp_path: Path
):
    database.put(entry(ONE, FIRST, fixed("1.1.0"), module=BAD))
    site.sync(expect=OK)
    project = tmp_path / "project"
    project.mkdir()
    need = f"module main.example\n\ngo 1.21\n\nrequire {BAD} v1.0.0\n"
    (project / "go.mod").write_text(need)
    (project / "main.go").write_text(f'package main\n\nimport _ "{BAD}"\n')
    told = site.run("vulns", "--project", str(project), expect=STANDS_OPEN).document
    assert [each["fixed_is_carried"] for each in told["vulnerable"]] == [True]
    assert told["versions"] == 1


def test_a_database_that_lost_its_entries_is_refused(
    site: InProcessSite, database: Database
):
    every = [entry(f"GO-2024-{n:04}", FIRST, module=BAD) for n in range(1, 11)]
    database.put(*every)
    site.sync(expect=OK)
    before = _published(site)
    database.put(every[0])

    assert "10 are here" in site.sync(expect=MISSING).stdout
    assert _published(site) == before
    site.run("vulns", "--update", "--accept-loss", expect=STANDS_OPEN)
    site.sync(expect=OK)
    assert len(_published(site)) == 2 * 4


def test_a_database_that_is_away_keeps_nothing_from_the_tree(
    site: InProcessSite, database: Database
):
    database.put(entry(ONE, FIRST, module=BAD))
    site.sync(expect=OK)
    database.close()
    site.select([GOOD])
    failed = site.sync(expect=MISSING).document["failed"]
    assert [each["kind"] for each in failed] == ["vulndb"]
    assert site.run("vulns", BAD, expect=STANDS_OPEN).document["entries"] == 1


def test_without_a_database_one_is_told_how_to_get_it(site: InProcessSite):
    site.declare(vulndb={"source": ""})
    site.sync(expect=OK)
    told = site.run("vulns")
    assert told.code not in {OK, 1, STANDS_OPEN}
    assert "vulndb.source" in told.stderr
