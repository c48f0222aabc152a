"""``gosync licences`` over a store: told by the gate, or once by the zips there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from gosync.store.shared import SharedStore
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, USAGE
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.sweeps import shared_by
from tests.unit.licence.texts import GPL, MIT, OWN

FREE, COPYLEFT, SECRET, NONE = (
    ("free.example/m", {"LICENSE": MIT, "NOTICE": b"made by us\n"}),
    ("left.example/m", {"COPYING": GPL, "internal/LICENSE": MIT}),
    ("own.example/m", {"LICENSE": OWN}),
    ("none.example/m", {"README.md": b"# m\n\n" + MIT}),
)
ALL = (COPYLEFT, FREE, NONE, SECRET)


def _source(path: str, files: dict[str, bytes]) -> ModuleSource:
    plain = module(path, "v1.0.0")
    return ModuleSource(path, "v1.0.0", {**plain.files, **files})


@pytest.fixture
def site(tmp_path: Path):
    with Simulator() as sim:
        for path, files in ALL:
            sim.publish(_source(path, files))
        site = InProcessSite(tmp_path, sim, modules=[path for path, _ in ALL])
        site.sync(expect=OK)
        yield site


def _expressions(site: InProcessSite, *arguments: str) -> dict[str, str]:
    found = site.run("licences", *arguments, expect=OK).document["licences"]
    return {each["module"]: each["expression"] for each in found}


def _rows(site: InProcessSite, sql: str) -> int:
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog, catalog:
        found = catalog.execute(sql)
        return found.rowcount if found.rowcount >= 0 else len(found.fetchall())


def test_what_the_gate_read_is_told(site: InProcessSite):
    assert _rows(site, "SELECT * FROM licences") == len(ALL)
    document = site.run("licences", expect=OK).document
    told = {each["module"]: each for each in document["licences"]}

    assert {path: each["expression"] for path, each in told.items()} == {
        "free.example/m": "MIT",
        "left.example/m": "GPL-3.0-or-later",
        "none.example/m": "unknown",
        "own.example/m": "unknown",
    }
    assert document["unknown"] == 2
    assert told["own.example/m"]["unrecognised"] == ["LICENSE"]
    assert told["none.example/m"]["readme"] == "MIT"
    assert told["left.example/m"]["files"] == ["COPYING"]
    names = [each["name"] for each in told["left.example/m"]["details"]]
    assert names == ["COPYING", "internal/LICENSE"]


def test_what_was_admitted_before_is_read_once(site: InProcessSite):
    want = _expressions(site)
    assert _rows(site, "DELETE FROM licences") == len(ALL)
    assert _expressions(site) == want
    assert _rows(site, "SELECT * FROM licences") == len(ALL)


def test_workers_read_the_same(site: InProcessSite, monkeypatch: pytest.MonkeyPatch):
    want = site.run("licences", expect=OK).document
    assert _rows(site, "DELETE FROM licences") == len(ALL)
    sweep = shared_by(monkeypatch, "gosync.cli.licences")

    assert site.run("licences", "--scheduler", "local:2", expect=OK).document == want
    assert (sweep.steps, sweep.here) == (1, 0)
    assert _rows(site, "SELECT * FROM licences") == len(ALL)


def test_a_worker_with_another_store_reads_nothing(
    site: InProcessSite, monkeypatch: pytest.MonkeyPatch
):
    assert _rows(site, "DELETE FROM licences") == len(ALL)
    shared_by(monkeypatch, "gosync.cli.licences")
    other = SharedStore(str(site.store), "0" * 32)
    monkeypatch.setattr("gosync.cli.licences.shared_store", lambda _: other)

    refused = site.run("licences", "--scheduler", "local:2", expect=USAGE)
    assert "is not the store 000" in refused.document["message"]
    assert _rows(site, "SELECT * FROM licences") == 0


def test_one_asks_for_a_pattern_or_a_project(site: InProcessSite, tmp_path: Path):
    assert list(_expressions(site, "left.example/*")) == ["left.example/m"]
    project = tmp_path / "app"
    project.mkdir()
    requires = "require free.example/m v1.0.0\n"
    (project / "go.mod").write_text(f"module app.example\n\ngo 1.21\n\n{requires}")
    assert list(_expressions(site, "--project", str(project))) == ["free.example/m"]


def test_notices_have_every_text_once_with_who_has_it(
    site: InProcessSite, tmp_path: Path
):
    file = tmp_path / "notices.txt"
    site.run("licences", "--notices", str(file), expect=OK)
    text = file.read_text()

    assert text.count(MIT.decode().strip()) == 1
    both = "free.example/m@v1.0.0 LICENSE\n", "left.example/m@v1.0.0 internal/LICENSE\n"
    assert all(each in text for each in both)
    assert "free.example/m@v1.0.0 NOTICE\n" in text
    assert "made by us" in text
    assert OWN.decode().strip() in text
