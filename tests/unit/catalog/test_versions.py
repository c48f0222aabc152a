"""Versions: wanted, admitted, failed, gone, withdrawn, and what constraints refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import (
    FoundBy,
    Need,
    Proof,
    State,
    VersionRole,
    VersionRow,
    Want,
)
from gosync.errors import CatalogError, NotFoundError, UnavailableError
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 22, tzinfo=UTC)
M = "example.com/m"


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def _mod(version, *, need=Need.MOD, path=M):
    return VersionRow(
        path,
        version,
        need=need,
        found_by=FoundBy.LIST,
        mod_digest="a" * 64,
        mod_bytes=10,
        mod_h1="h1:mod=",
        proof=Proof.SUMDB,
        record_id=7,
        record_text=b"the record\n\xff",
        source_url="https://proxy",
        admitted_at="2026-11-22T00:00:00.000000Z",
    )


def _zip(version, *, path=M):
    return replace(
        _mod(version, need=Need.ZIP, path=path),
        info_digest="b" * 64,
        info_bytes=20,
        zip_digest="c" * 64,
        zip_bytes=30,
        zip_h1="h1:zip=",
        commit_hash="0" * 40,
        version_time="2020-01-01T00:00:00Z",
    )


def _due(catalog, now=NOW):
    return [row.version for row in catalog.versions.all_wanted(now)]


def test_what_is_wanted_is_due_until_it_is_admitted(catalog):
    versions = catalog.versions
    want = Want(M, "v1.0.0", Need.ZIP, FoundBy.INDEX, "2026-01-01T00:00:00Z")
    assert versions.want([want, Want(M, "v1.1.0")]) == 2
    assert versions.want([want, Want(M, "v1.1.0")]) == 0
    assert _due(catalog) == ["v1.0.0", "v1.1.0"]
    assert versions.admit([_zip("v1.0.0")]) == 1
    assert _due(catalog) == ["v1.1.0"]
    got = versions.get(ModuleVersion(M, "v1.0.0"))
    assert got == replace(
        _zip("v1.0.0"),
        state=State.PRESENT,
        found_by=FoundBy.INDEX,
        index_time="2026-01-01T00:00:00Z",
        changed=1,
    )
    assert got.carried is Need.ZIP
    assert versions.get(ModuleVersion(M, "v9.9.9")) is None
    assert versions.known(M) == {"v1.0.0", "v1.1.0"}
    assert [row.version for row in versions.carried(M)] == ["v1.0.0"]
    assert versions.counts()[State.PRESENT] == 1


def test_a_mod_that_comes_to_need_its_zip_is_carried_meanwhile(catalog):
    versions = catalog.versions
    versions.admit([_mod("v1.0.0")])
    assert versions.get(ModuleVersion(M, "v1.0.0")).carried is Need.MOD
    assert versions.want([Want(M, "v1.0.0", Need.MOD)]) == 0
    assert versions.want([Want(M, "v1.0.0", Need.ZIP)]) == 1
    row = versions.get(ModuleVersion(M, "v1.0.0"))
    assert (row.state, row.need, row.carried) == (State.WANTED, Need.ZIP, Need.MOD)
    versions.mark(ModuleVersion(M, "v1.0.0"), State.FAILED)
    assert versions.get(ModuleVersion(M, "v1.0.0")).carried is Need.MOD
    versions.admit([_zip("v1.0.0")])
    row = versions.get(ModuleVersion(M, "v1.0.0"))
    assert (row.state, row.carried) == (State.PRESENT, Need.ZIP)
    assert versions.want([Want(M, "v1.0.0", Need.MOD)]) == 0


def test_a_mod_admitted_while_the_zip_came_to_be_needed_stays_wanted(catalog):
    catalog.versions.want([Want(M, "v1.0.0", Need.ZIP)])
    catalog.versions.admit([_mod("v1.0.0")])
    row = catalog.versions.get(ModuleVersion(M, "v1.0.0"))
    assert (row.state, row.need, row.carried) == (State.WANTED, Need.ZIP, Need.MOD)


def test_a_failure_is_due_at_its_next_try(catalog):
    versions = catalog.versions
    versions.want([Want(M, "v1.0.0")])
    for attempt in range(2):
        assert versions.mark(ModuleVersion(M, "v1.0.0"), State.FAILED), attempt
        catalog.failures.record(
            ModuleVersion(M, "v1.0.0"),
            kind="zip",
            error=UnavailableError("no"),
            now=NOW,
        )
        assert _due(catalog) == (["v1.0.0"] if attempt == 0 else [])
    assert _due(catalog, NOW + timedelta(seconds=60)) == ["v1.0.0"]
    assert not versions.mark(ModuleVersion(M, "v9.9.9"), State.FAILED)


def test_what_failed_without_a_failure_s_row_is_due(catalog):
    catalog.versions.want([Want(M, "v1.0.0")])
    catalog.versions.mark(ModuleVersion(M, "v1.0.0"), State.REJECTED)
    assert _due(catalog) == ["v1.0.0"]


def test_what_is_gone_revives_when_the_index_names_it_anew(catalog):
    versions = catalog.versions
    old = Want(M, "v1.0.0", Need.ZIP, FoundBy.INDEX, "2026-01-01T00:00:00Z")
    versions.want([old])
    versions.mark(ModuleVersion(M, "v1.0.0"), State.GONE)
    error = NotFoundError("gone")
    for _ in range(2):
        catalog.failures.record(
            ModuleVersion(M, "v1.0.0"), kind="info", error=error, now=NOW
        )
    assert versions.want([old, Want(M, "v1.0.0", found_by=FoundBy.LIST)]) == 0
    assert _due(catalog) == []
    assert versions.want([replace(old, index_time="2026-01-02T00:00:00Z")]) == 1
    assert _due(catalog) == ["v1.0.0"]
    assert versions.get(ModuleVersion(M, "v1.0.0")).index_time == "2026-01-02T00:00:00Z"


def test_a_newer_index_event_does_not_disturb_what_is_present(catalog):
    catalog.versions.admit([_zip("v1.0.0")])
    want = Want(M, "v1.0.0", Need.ZIP, FoundBy.INDEX, "2026-01-02T00:00:00Z")
    assert catalog.versions.want([want]) == 1
    assert catalog.versions.get(ModuleVersion(M, "v1.0.0")).state is State.PRESENT
    assert _due(catalog) == []


def test_changes_are_numbered_for_the_trees(catalog):
    versions = catalog.versions
    assert versions.last_change() == 0
    versions.admit([_zip("v1.0.0", path="a"), _zip("v1.0.0", path="b")])
    versions.admit([_zip("v1.1.0", path="b")])
    assert versions.last_change() == 2
    assert versions.carried_paths() == ["a", "b"]
    assert versions.carried_paths(changed_after=0) == ["a", "b"]
    assert versions.carried_paths(changed_after=1) == ["b"]
    assert versions.carried_paths(changed_after=2) == []
    assert versions.withdraw([ModuleVersion("a", "v1.0.0")]) == 3
    assert versions.carried_paths() == ["b"]
    assert versions.carried_paths(changed_after=2) == ["a"]
    row = versions.get(ModuleVersion("a", "v1.0.0"))
    assert (row.state, row.carried, row.mod_h1) == (State.WANTED, None, "h1:mod=")


def test_record_numbers_are_those_of_what_is_carried(catalog):
    rows = [replace(_zip(f"v1.{n}.0"), record_id=9 - n) for n in range(3)]
    catalog.versions.admit(rows)
    catalog.versions.withdraw([ModuleVersion(M, "v1.1.0")])
    assert catalog.records.ids() == [7, 9]


@pytest.mark.parametrize(
    "broken",
    [
        {"mod_digest": None, "mod_bytes": None},
        {"zip_digest": None, "zip_bytes": None},
        {"zip_bytes": None},
        {"info_digest": None, "info_bytes": None},
        {"mod_h1": None},
        {"zip_h1": "sha256:x"},
        {"proof": None},
        {"record_text": None},
        {"mod_digest": "abc"},
        {"zip_bytes": 0},
    ],
)
def test_a_row_that_breaks_an_invariant_does_not_commit(catalog, broken):
    good, bad = _zip("v1.0.0"), replace(_zip("v1.1.0"), **broken)
    with pytest.raises(CatalogError):
        catalog.versions.admit([good, bad])
    assert catalog.versions.known(M) == set()
    assert catalog.versions.last_change() == 0


def test_long_tables_are_read_in_pages_while_they_change(catalog):
    versions = catalog.versions
    versions.want(Want(f"m{n % 3}", f"v1.{n}.0") for n in range(2500))
    seen = []
    for row in versions.all_wanted(NOW):
        seen.append((row.path, row.version))
        if len(seen) % 500 == 0:
            versions.mark(row.mv, State.GONE)
    assert len(seen) == len(set(seen)) == 2500
    assert seen == sorted(seen)
    assert [(row.path, row.version) for row in versions.all_rows()] == seen


@pytest.mark.parametrize("everything", [False, True])
def test_modules_are_counted_as_their_rows_are_listed(catalog, everything):
    versions = catalog.versions
    versions.want([Want("b.example/b", "v1.0.0"), Want(M, "v1.2.0")])
    found_by = FoundBy.DEPENDENCY
    versions.admit(
        [
            _zip("v1.0.0"),
            _mod("v1.1.0"),
            replace(_mod("v1.3.0"), state=State.OMITTED, need=Need.ZIP),
            replace(_mod("v1.4.0"), found_by=found_by),
            replace(_mod("v1.5.0"), found_by=found_by, selected=Need.MOD),
            replace(_zip("v1.6.0"), found_by=found_by),
            replace(_zip("v1.7.0"), found_by=FoundBy.TOOLCHAIN),
            replace(_zip("v1.0.0", path="c.example/c"), withdrawn=True),
        ]
    )
    rows = [row for row in versions.all_rows() if everything or row.is_listed]
    expected: dict[str, list[tuple[Need | None, VersionRole]]] = {}
    for row in rows:
        role = row.found_by.role
        expected.setdefault(row.path, []).append((row.carried, role))

    found = versions.count_modules(everything=everything)

    for count in found:
        carried = [need for need, _ in expected[count.path]]
        assert (count.whole, count.go_mods, count.not_here) == tuple(
            carried.count(need) for need in (Need.ZIP, Need.MOD, None)
        )
        each = expected[count.path]
        assert count.dependencies == each.count((Need.ZIP, VersionRole.DEPENDENCY))
        assert count.tools == each.count((Need.ZIP, VersionRole.TOOL))
    assert [count.path for count in found] == sorted(expected)
    assert len(found) == (3 if everything else 1)


def test_a_snapshot_does_not_see_what_others_write_meanwhile(tmp_path, catalog):
    catalog.versions.want([Want(M, "v1.0.0")])
    file = tmp_path / "catalog.sqlite"
    with Catalog.open(file, create=False, readonly=True) as reader:
        with reader.snapshot():
            before = list(reader.versions.all_rows())
            catalog.versions.want([Want(M, "v1.1.0")])
            assert list(reader.versions.all_rows()) == before
        assert len(list(reader.versions.all_rows())) == 1 + len(before)
