"""A catalog made anew: what comes back, what does not, what stays."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.identity import CatalogStore
from gosync.catalog.pins import Pin
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow
from gosync.clock import SystemClock
from gosync.errors import (
    IdentityError,
    MalformedError,
    NoSpaceError,
    StoreAwayError,
    StoreError,
)
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import (
    forget_entry,
    head_entry,
    narrow_entry,
    parse_version_entry,
    version_entry,
)
from gosync.ingest.rebuild import NOT_KEPT, rebuild
from gosync.store.digest import Digest
from gosync.store.identity import mark_entry, write_store_id
from gosync.store.layout import CATALOG
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store

NOW = datetime(2026, 11, 22, tzinfo=UTC)
M = "example.com/m"
_HASH = b"A" * 43 + b"="


def _note(size, salt=b""):
    head = b"go.sum database tree\n%d\n%s\n" % (size, _HASH)
    return head + b"\n\xe2\x80\x94 db c2ln" + salt + b"\n"


class Site:
    """A store that is filled the way ingest does it."""

    def __init__(self, root):
        self.root = root
        open_store(root)
        self.blobs = LocalBlobStore(root)
        self.journal = LocalJournal(root)

    def open(self):
        return Catalog.open(self.root / CATALOG, create=True)

    def row(self, version, *, need=Need.ZIP, proof=Proof.SUMDB):
        info, mod = b'{"Version":"%s"}' % version.encode(), version.encode()
        row = VersionRow(
            M,
            version,
            need=need,
            found_by=FoundBy.INDEX,
            index_time="2026-01-01T00:00:00Z",
            info_digest=self.blobs.put_bytes(info),
            info_bytes=len(info),
            mod_digest=self.blobs.put_bytes(mod),
            mod_bytes=len(mod),
            mod_h1="h1:mod",
            proof=proof,
            source_url="https://proxy",
        )
        if proof is Proof.SUMDB:
            row = replace(row, record_id=3, record_text=b"text \xc3\xa9 \xff\n")
        if need is Need.ZIP:
            digest = self.blobs.put_bytes(mod * 3)
            row = replace(
                row, zip_digest=digest, zip_bytes=len(mod) * 3, zip_h1="h1:zip"
            )
        return row

    def admit(self, *rows):
        self.blobs.sync()
        self.journal.append(map(version_entry, rows))
        with self.open() as catalog:
            catalog.versions.admit(rows)

    def rebuild(self, **options):
        return rebuild(self.root, clock=SystemClock(), **options)

    def rows(self):
        with self.open() as catalog:
            return [replace(row, changed=0) for row in catalog.versions.all_rows()]


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_every_version_comes_back_with_its_proof(site):
    site.admit(site.row("v1.0.0"), site.row("v1.1.0", need=Need.MOD))
    site.admit(site.row("v1.2.0", proof=Proof.PINNED))
    want = site.rows()
    report = site.rebuild(rehash=True)
    assert site.rows() == want
    assert (report.versions, report.missing, report.damaged) == (3, [], [])
    assert report.unreferenced == 0
    assert report.backup == str(site.root / "catalog.sqlite.bak-1")
    with Catalog.open(Path(report.backup), create=False) as old:
        assert len(list(old.versions.all_rows())) == 3
    assert site.rebuild().backup == str(site.root / "catalog.sqlite.bak-2")
    assert site.rows() == want


def test_a_catalog_that_is_lost_or_garbage_is_made_anew(site):
    site.admit(site.row("v1.0.0"))
    want = site.rows()
    path = site.root / CATALOG
    path.write_bytes(b"garbage" * 1000)
    site.rebuild()
    assert site.rows() == want
    path.unlink()
    assert site.rebuild().backup is None
    assert site.rows() == want


def test_the_old_write_ahead_log_does_not_reach_the_new_catalog(site):
    site.admit(site.row("v1.0.0"))
    with site.open() as catalog:
        catalog.modules.track([])
        catalog.failures.record(
            ModuleVersion(M, "v9.0.0"),
            kind="zip",
            error=StoreError("only in the log"),
            now=NOW,
        )
        report = site.rebuild()
    with site.open() as catalog:
        catalog.check()
        assert catalog.failures.open() == []
        assert catalog.versions.known(M) == {"v1.0.0"}
    assert report.backup is not None
    with Catalog.open(Path(report.backup), create=False) as old:
        assert old.failures.count() == 1


@pytest.mark.parametrize("damage", ["missing", "empty", "longer", "flipped"])
def test_a_version_whose_blob_is_damaged_is_wanted_again(site, damage):
    row = site.row("v1.0.0")
    site.admit(row, site.row("v1.1.0"))
    path = site.blobs.path(Digest(row.zip_digest))
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        flipped = bytes([data[0] ^ 1]) + data[1:]
        path.write_bytes({"empty": b"", "longer": data + b"x"}.get(damage, flipped))
    report = site.rebuild(rehash=damage == "flipped")
    assert report.missing == [f"{M}@v1.0.0"]
    assert report.versions == 1
    states = {row.version: (row.state, row.carried) for row in site.rows()}
    assert states == {
        "v1.0.0": (State.WANTED, None),
        "v1.1.0": (State.PRESENT, Need.ZIP),
    }


def test_the_newest_entry_of_a_version_counts_and_the_first_pin(site):
    site.admit(site.row("v1.0.0", need=Need.MOD, proof=Proof.PINNED))
    row = site.row("v1.0.0", proof=Proof.PINNED)
    site.admit(row)
    site.journal.append(
        [version_entry(replace(row, mod_h1="h1:later", zip_h1="h1:later"))]
    )
    site.rebuild()
    assert site.rows()[0].mod_h1 == "h1:later"
    with site.open() as catalog:
        assert catalog.pins.get(ModuleVersion(M, "v1.0.0")) == Pin("h1:mod", "h1:zip")


def test_trust_never_moves_back(site):
    for size in (5, 70_000, 600):
        site.journal.append([head_entry("db", _note(size))])
    site.journal.append([head_entry("other", _note(1, b"x"))])
    site.admit(site.row("v1.0.0"))
    assert site.rebuild().heads == {"db": 70_000, "other": 1}
    with site.open() as catalog:
        assert catalog.heads.get("db") == _note(70_000)


def test_damaged_lines_cost_themselves_alone(site):
    site.admit(site.row("v1.0.0"), site.row("v1.1.0"))
    bad = [
        {"kind": "version"},
        {"kind": "version", "path": "../evil", "version": "v1.0.0"},
        {"kind": "version", "path": M, "version": "v1"},
        {"kind": "version", "path": M, "version": "v1.0.0", "mod_digest": "../x"},
        {"kind": "version", "path": M, "version": "v1.0.0", "mod_bytes": "12"},
        {"kind": "version", "path": M, "version": "v1.0.0", "need": "all"},
        {"kind": "forget", "path": M},
        {"kind": "narrow", "version": "v1.0.0"},
        {"kind": "head", "name": "db"},
        {"kind": "head", "name": "db", "note": "no note"},
        {"kind": "head", "name": 7, "note": ""},
    ]
    site.journal.append(bad)
    site.journal.append([{"kind": "of the future"}, {}])
    file = site.root / "journal" / "00000001.jsonl"
    file.write_bytes(file.read_bytes() + b"torn")
    report = site.rebuild()
    assert len(report.damaged) == len(bad) + 1
    assert report.versions == 2
    assert len(site.rows()) == 2


def test_a_row_that_the_schema_refuses_costs_itself_alone(site):
    site.admit(site.row("v1.0.0"))
    site.journal.append([version_entry(replace(site.row("v1.1.0"), proof=None))])
    report = site.rebuild()
    assert report.missing == [f"{M}@v1.1.0"]
    states = {row.version: row.state for row in site.rows()}
    assert states == {"v1.0.0": State.PRESENT, "v1.1.0": State.WANTED}


def test_blobs_that_nothing_names_are_counted_and_kept(site):
    site.admit(site.row("v1.0.0"))
    digest = site.blobs.put_bytes(b"orphan")
    assert site.rebuild().unreferenced == 1
    assert site.blobs.read(digest) == b"orphan"


def test_blobs_without_a_journal_leave_the_old_catalog_alone(site):
    site.admit(site.row("v1.0.0"))
    (site.root / "journal" / "00000001.jsonl").unlink()
    before = (site.root / CATALOG).read_bytes()
    with pytest.raises(StoreError, match="names none of the 3 blobs"):
        site.rebuild()
    assert (site.root / CATALOG).read_bytes() == before


def test_what_was_forgotten_does_not_come_back(site):
    site.admit(site.row("v1.0.0"), site.row("v1.1.0"), site.row("v1.2.0"))
    site.journal.append([forget_entry(ModuleVersion(M, f"v1.{n}.0")) for n in (0, 1)])
    site.admit(site.row("v1.1.0", need=Need.MOD))
    report = site.rebuild()
    assert (report.versions, report.missing) == (2, [])
    carried = {row.version: row.carried for row in site.rows()}
    assert carried == {"v1.1.0": Need.MOD, "v1.2.0": Need.ZIP}
    assert report.unreferenced == 4, "all of v1.0.0 and the zip of v1.1.0"


def test_a_store_of_which_all_is_forgotten_is_empty(site):
    site.admit(site.row("v1.0.0", proof=Proof.PINNED))
    site.journal.append([forget_entry(ModuleVersion(M, "v1.0.0"))])
    assert site.rebuild().unreferenced == 3
    assert site.rows() == []
    with site.open() as catalog:
        assert catalog.pins.get(ModuleVersion(M, "v1.0.0")) == Pin("h1:mod", "h1:zip")


def test_a_narrowed_version_comes_back_as_its_mod(site):
    site.admit(site.row("v1.0.0"), site.row("v1.1.0"))
    site.journal.append(
        [narrow_entry(ModuleVersion(M, f"v1.{n}.0")) for n in (0, 1, 7)]
    )
    site.admit(site.row("v1.1.0"))
    site.rebuild()
    rows = {row.version: (row.state, row.need, row.carried) for row in site.rows()}
    assert rows == {
        "v1.0.0": (State.PRESENT, Need.MOD, Need.MOD),
        "v1.1.0": (State.PRESENT, Need.ZIP, Need.ZIP),
    }


def test_what_a_command_asked_for_is_still_asked_for(site):
    asked = [
        replace(site.row(version), found_by=FoundBy.COMMAND)
        for version in ("v1.0.0", "v1.1.0")
    ]
    site.admit(*asked, site.row("v1.2.0"))
    site.blobs.path(Digest(asked[1].mod_digest)).unlink()
    site.rebuild()
    with site.open() as catalog:
        catalog.selected.select([], complete=True, now=NOW)
        rows = {row.version: (row.state, row.selected) for row in site.rows()}
    assert rows == {
        "v1.0.0": (State.PRESENT, Need.ZIP),
        "v1.1.0": (State.WANTED, Need.ZIP),
        "v1.2.0": (State.PRESENT, None),
    }


def test_a_version_whose_zip_was_omitted_comes_back_as_its_mod(site):
    omitted = replace(site.row("v1.0.0", need=Need.MOD), need=Need.ZIP)
    site.blobs.sync()
    site.journal.append([version_entry(replace(omitted, state=State.OMITTED))])
    assert site.rebuild().missing == []
    assert [row.carried for row in site.rows()] == [Need.MOD]


def test_an_empty_store_has_an_empty_catalog(site):
    assert site.rebuild().versions == 0
    assert site.rows() == []


def test_an_entry_goes_both_ways(site):
    row = site.row("v1.0.0")
    site.journal.append([version_entry(row)])
    (entry,) = site.journal.read()
    assert isinstance(entry, dict)
    assert parse_version_entry(entry) == row
    with pytest.raises(MalformedError):
        parse_version_entry({})


def test_a_disk_that_fills_up_meanwhile_leaves_the_old_catalog_alone(site, monkeypatch):
    site.admit(site.row("v1.0.0"))
    want = site.rows()

    def full(*_):
        raise NoSpaceError("full")

    with monkeypatch.context() as patch:
        patch.setattr("gosync.catalog.version_table.Versions.admit", full)
        with pytest.raises(NoSpaceError):
            site.rebuild()
    assert site.rows() == want
    assert site.rebuild().versions == 1


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_rebuild_that_stops_anywhere_is_run_again(site, monkeypatch, step):
    site.admit(site.row("v1.0.0"), site.row("v1.1.0", need=Need.MOD))
    want = site.rows()
    calls = []

    def stop(folder):
        calls.append(folder)
        if len(calls) == step:
            raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("gosync.ingest.newcatalog.sync_folder", stop)
        with pytest.raises(StoreError, match="Input/output"):
            site.rebuild()
    assert site.rows() == want
    assert site.rebuild().versions == 2
    assert site.rows() == want
    leftovers = {path.name for path in site.root.glob("*.new*")}
    assert leftovers == set()


def test_lines_that_only_a_newer_gosync_reads_are_counted_and_kept(site):
    site.admit(site.row("v1.0.0"))
    site.journal.append([{"kind": "of the future", "n": n} for n in range(3)])
    before = list(site.journal.read())
    report = site.rebuild()
    assert report.unknown == {"of the future": 3}
    assert (report.versions, report.damaged) == (1, [])
    assert list(site.journal.read()) == before
    assert report.not_kept == NOT_KEPT


def test_a_rebuilt_catalog_is_of_its_store_and_as_far_as_the_journal(site):
    write_store_id(site.root, "a" * 32)
    site.admit(site.row("v1.0.0"))
    site.journal.append([mark_entry("a" * 32, 7)])
    site.rebuild()
    with site.open() as catalog:
        assert catalog.identity.get() == CatalogStore("a" * 32, 7)
    site.journal.append([mark_entry("b" * 32, 8)])
    with pytest.raises(IdentityError, match="another store's"):
        site.rebuild()


def test_no_catalog_is_made_where_all_blobs_are_away(site):
    site.admit(site.row("v1.0.0"))
    shutil.rmtree(site.root / "blobs")
    with pytest.raises(StoreAwayError, match="no blob is there"):
        site.rebuild()
    assert [row.version for row in site.rows()] == ["v1.0.0"]
