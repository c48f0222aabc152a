"""Vulnerabilities: ranges, index files, and databases read from where they are."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import ConfigError, MalformedError
from gosync.osv.affected import fixed_in, fixes_after, is_affected, modules_of
from gosync.osv.entry import parse_entry
from gosync.osv.files import database_files, entry_file
from gosync.vulndb.fixes import ProposedFix, propose_fixes
from gosync.vulndb.reading import read_database, read_zip
from gosync.vulndb.report import Vulnerabilities, VulnerableVersion
from tests.unit.vulndb.entries import FIRST, entry, fixed, introduced

ONE, TWO, THREE = "GO-2024-0001", "GO-2024-0002", "GO-2024-0003"
_TWICE = (FIRST, fixed("1.2.0"), introduced("1.4.0"), fixed("1.5.0"))
WHEN = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def _module(*events: dict[str, str]):
    return parse_entry(entry(ONE, *events)).affected[0]


@pytest.mark.parametrize(
    ("events", "affected", "sound"),
    [
        ((FIRST, fixed("1.2.0")), ["v0.1.0", "v1.1.9", "v1.2.0-rc.1"], ["v1.2.0"]),
        ((introduced("1.1.0"),), ["v1.1.0", "v9.0.0"], ["v1.0.0", "v1.1.0-pre"]),
        (_TWICE, ["v1.1.0", "v1.4.2"], ["v1.3.0", "v1.5.0"]),
        ((introduced("1.0.0"), fixed("1.0.0")), [], ["v0.9.0", "v1.0.0", "v2.0.0"]),
        ((), ["v0.0.1", "v7.0.0"], []),
    ],
)
def test_a_version_is_affected_by_ranges(
    events: tuple[dict[str, str], ...], affected: list[str], sound: list[str]
):
    module = _module(*events)
    assert [v for v in affected + sound if is_affected(module, v)] == affected
    backwards = _module(*reversed(events))
    assert [v for v in affected + sound if is_affected(backwards, v)] == affected


@pytest.mark.parametrize(
    ("events", "last", "after"),
    [
        ((FIRST, fixed("1.2.0")), "1.2.0", "v1.2.0"),
        ((FIRST,), "", ""),
        ((FIRST, fixed("1.2.0"), introduced("1.4.0")), "", "v1.2.0"),
        (
            (FIRST, fixed("1.2.0"), introduced("1.4.0"), fixed("1.5.0")),
            "1.5.0",
            "v1.2.0",
        ),
    ],
)
def test_the_fixed_version(events: tuple[dict[str, str], ...], last: str, after: str):
    module = _module(*events)
    assert fixed_in(module) == last
    assert fixes_after(module, "v1.0.0") == after


def test_a_module_that_an_entry_names_twice_is_affected_by_either():
    parts = [
        entry(ONE, FIRST, fixed("1.2.0")),
        entry(ONE, introduced("2.0.0"), fixed("2.1.0")),
        entry(ONE, introduced("1.1.0"), fixed("1.4.0")),
    ]
    document = json.loads(parts[0])
    document["affected"] = [json.loads(each)["affected"][0] for each in parts]
    data = json.dumps(document).encode()
    (module,) = modules_of(parse_entry(data))
    versions = ["v1.0.0", "v1.3.0", "v1.4.0", "v2.0.5", "v2.1.0"]
    affected = ["v1.0.0", "v1.3.0", "v2.0.5"]
    assert [each for each in versions if is_affected(module, each)] == affected
    assert [fixes_after(module, v) for v in affected] == ["v1.4.0", "v1.4.0", "v2.1.0"]

    index = json.loads(database_files({ONE: data}, modified=None)["index/modules.json"])
    assert [each["fixed"] for each in index[0]["vulns"]] == ["1.2.0", "2.1.0", "1.4.0"]
    document["affected"][1]["ranges"] = []
    (module,) = modules_of(parse_entry(json.dumps(document).encode()))
    assert is_affected(module, "v9.0.0"), "one without ranges means every version"


def test_fixes_to_select_are_sound_and_of_the_newest_affected():
    entries = {
        ONE: entry(ONE, FIRST, fixed("1.2.0")),
        TWO: entry(TWO, introduced("1.2.0"), fixed("1.3.0")),
        THREE: entry(THREE, FIRST, fixed("4.5.6"), module="b.example"),
        "GO-2024-0004": entry("GO-2024-0004", FIRST, module="c.example"),
    }
    known = Vulnerabilities(entries)

    def found(path: str, version: str, number: str, *, is_carried: bool = False):
        return VulnerableVersion(path, version, number, (), "", "v1", is_carried)

    rows = [
        found("a.example/m", "v1.0.0", ONE),
        found("a.example/m", "v1.1.0", ONE),
        found("b.example", "v4.0.0+incompatible", THREE),
        found("c.example", "v1.0.0", "GO-2024-0004"),
        found("d.example", "v1.0.0", ONE, is_carried=True),
    ]
    assert list(propose_fixes(rows, known)) == [
        ProposedFix("a.example/m", "v1.3.0", (ONE,)),
        ProposedFix("b.example", "v4.5.6+incompatible", (THREE,)),
    ]


def test_index_files_are_as_gos_own():
    entries = {
        TWO: entry(TWO, FIRST, module="b.example/m", aliases=["CVE-2024-1"]),
        ONE: entry(ONE, FIRST, fixed("1.2.0"), modified="2026-03-01T00:00:00Z"),
    }
    files = database_files(entries, modified=None)

    assert list(files) == [
        entry_file(ONE),
        entry_file(TWO),
        "index/vulns.json",
        "index/modules.json",
        "index/db.json",
    ]
    assert files[entry_file(ONE)] == entries[ONE]
    assert json.loads(files["index/db.json"]) == {"modified": "2026-03-01T00:00:00Z"}
    assert json.loads(files["index/vulns.json"]) == [
        {"id": ONE, "modified": "2026-03-01T00:00:00Z"},
        {"id": TWO, "modified": "2026-01-02T03:04:05Z", "aliases": ["CVE-2024-1"]},
    ]
    assert json.loads(files["index/modules.json"]) == [
        {
            "path": "a.example/m",
            "vulns": [
                {"id": ONE, "modified": "2026-03-01T00:00:00Z", "fixed": "1.2.0"}
            ],
        },
        {
            "path": "b.example/m",
            "vulns": [{"id": TWO, "modified": "2026-01-02T03:04:05Z"}],
        },
    ]


def test_an_entry_that_nobody_dates_has_the_databases_time():
    entries = {ONE: entry(ONE, FIRST, modified="0001-01-01T00:00:00Z")}
    files = database_files(entries, modified=WHEN)
    found = json.loads(files[entry_file(ONE)])
    assert found.pop("modified") == "2026-05-06T07:08:09Z"
    want = json.loads(entries[ONE])
    del want["modified"]
    assert found == want
    assert json.loads(files["index/db.json"]) == {"modified": "2026-05-06T07:08:09Z"}


def test_an_entry_in_anothers_place_is_refused():
    with pytest.raises(MalformedError, match="GO-2024-0001"):
        database_files({TWO: entry(ONE)}, modified=None)


@pytest.mark.parametrize("prefix", ["", "golang.org/x/vulndb@v0.0.0-1/data/"])
def test_a_database_is_read_from_a_folder_or_a_zip(tmp_path: Path, prefix: str):
    folder = "osv" if prefix else "ID"
    names = {
        f"{prefix}{folder}/{ONE}.json": entry(ONE),
        f"{prefix}{folder}/README.json": b"{}",
        f"{prefix}excluded/{TWO}.json": entry(TWO),
        f"{prefix}index/db.json": b'{"modified":"2026-05-06T07:08:09Z"}',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in names.items():
            archive.writestr(name, data)
            path = tmp_path / "folder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (tmp_path / "db.zip").write_bytes(packed.getvalue())

    for source in ("folder", "db.zip"):
        found = read_database(tmp_path / source)
        assert found.entries == {ONE: entry(ONE)}
        assert found.modified == WHEN
    assert read_zip(packed, subject="x").entries == {ONE: entry(ONE)}


def test_what_is_no_database_is_refused(tmp_path: Path):
    for source in (tmp_path, tmp_path / "nowhere", Path(__file__)):
        with pytest.raises(ConfigError):
            read_database(source)


@given(st.binary() | st.from_regex(r'\{"id": ?"GO-2024-0001".*\}', fullmatch=True))
def test_any_bytes_are_an_entry_or_refused(data: bytes | str):
    with suppress(MalformedError):
        parse_entry(data.encode() if isinstance(data, str) else data)
