"""The feed: well formed whatever others wrote, newest first, written when it must."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.artifact import VULNDB
from gosync.catalog.findings import Finding, FindingKind, FindingState, Sighting
from gosync.catalog.versions import Need, Proof, State, VersionRow
from gosync.folder.routes import FEED
from gosync.publish.feed import ENTRIES, VULNERABLE_ENTRIES, format_feed
from tests.unit.publish.test_vulnpages import ONE, TWO, M, N, keep
from tests.unit.publish.world import World
from tests.unit.vulndb.entries import FIRST, entry, fixed

ATOM = "{http://www.w3.org/2005/Atom}"
KNOWN = "2023-01-02T03:04:05Z"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
FINDING = Finding(
    1,
    FindingKind.REWRITTEN,
    "example.com/m",
    "v1.0.0",
    "https://proxy",
    "another zip",
    {},
    {},
    "2026-11-20T00:00:00.000000Z",
    "2026-11-25T00:00:00.000000Z",
    FindingState.NEW,
    "gosync",
    "2026-11-20T00:00:00.000000Z",
    "",
    None,
)
ROW = VersionRow(
    "example.com/m",
    "v1.0.0",
    State.PRESENT,
    Need.ZIP,
    zip_h1="h1:x",
    proof=Proof.SUMDB,
    admitted_at="2026-11-19T00:00:00.000000Z",
)


def entries(data):
    feed = ET.fromstring(data)
    return [
        tuple(each.findtext(f"{ATOM}{tag}") for tag in ("id", "title", "updated"))
        for each in feed.iter(f"{ATOM}entry")
    ]


def test_findings_and_versions_come_newest_first():
    found = entries(format_feed([ROW], [FINDING]))
    assert [title for _, title, _ in found] == [
        "rewritten: example.com/m@v1.0.0 (new)",
        "example.com/m v1.0.0",
    ]


def test_a_settled_finding_is_the_same_entry_at_another_time():
    settled = replace(
        FINDING, state=FindingState.KNOWN, state_at="2026-11-26T00:00:00.000000Z"
    )
    ((before, _, _),) = entries(format_feed([], [FINDING]))
    ((after, title, updated),) = entries(format_feed([], [settled]))
    assert before == after
    assert title.endswith("(known)")
    assert updated == settled.state_at


def test_what_is_long_ago_goes():
    rows = [replace(ROW, version=f"v1.0.{n}") for n in range(ENTRIES)]
    assert len(entries(format_feed(rows, [FINDING]))) == ENTRIES


@given(st.text(), st.text())
def test_no_text_of_others_breaks_it(summary, version):
    finding = replace(FINDING, summary=summary, version=version)
    assert len(entries(format_feed([replace(ROW, path=version)], [finding]))) >= 1


def test_it_is_written_when_something_is_new_and_not_otherwise(world: World):
    publisher = world.publisher
    assert not publisher.write_feed(world.tree)  # nothing is published yet
    world.add("example.com/m", "v1.0.0")
    world.publish()
    assert not publisher.write_feed(world.tree)
    sighting = Sighting(
        kind=FindingKind.STALE, path="example.com/m", summary="old", ours={}, theirs={}
    )
    world.catalog.findings.see(sighting, NOW)
    assert publisher.write_feed(world.tree)
    assert b"stale: example.com/m (new)" in world.read("modules/feed.atom")
    assert world.publish().changes == 0


def test_what_became_known_as_vulnerable_has_its_entry(world: World):
    world.add(M, "v1.0.0", "v1.1.0", "v1.2.0")
    world.publish()
    assert b"vulnerable" not in world.read(FEED)
    fields: dict[str, Any] = {"module": M, "modified": KNOWN, "aliases": ["CVE-2024-1"]}
    keep(world, entry(ONE, FIRST, fixed("1.2.0"), **fields))
    world.publish()
    ((before, title, updated),) = _vulnerable(world.read(FEED))
    assert title == f"vulnerable: {M} by {ONE} (CVE-2024-1)"
    assert updated == "2023-01-02T03:04:05.000000Z", "the change is the newest moment"
    text = world.read(FEED).decode()
    assert f"what {ONE} is; affected: v1.1.0, v1.0.0; fixed in v1.2.0, a fixed" in text

    files = world.files()
    assert world.publish().changes == 0
    other, root = world.another("public-2")
    world.publisher.publish(other, world.head(), options=world.options)
    assert (root / FEED).read_bytes() == files[FEED], "the same state, the same feed"

    later = "2023-05-01T00:00:00Z"
    keep(world, entry(ONE, FIRST, fixed("1.3.0"), module=M, modified=later))
    world.publish()
    ((after, _, updated),) = _vulnerable(world.read(FEED))
    assert (after, updated) == (before, "2023-05-01T00:00:00.000000Z")
    assert "fixed in v1.3.0, not carried" in world.read(FEED).decode()

    keep(world)
    world.publish()
    assert not _vulnerable(world.read(FEED)), "it was taken back"


def test_a_version_that_comes_later_makes_it_news(world: World):
    world.add(M, "v1.0.0")
    keep(world, *(entry(each, FIRST, module=M, modified=KNOWN) for each in (ONE, TWO)))
    world.publish()
    came = "2023-06-01T00:00:00.000000Z"
    (row,) = world.catalog.versions.of(M)
    world.catalog.versions.admit([replace(row, version="v1.4.0", admitted_at=came)])
    world.publish()
    assert [each[2] for each in _vulnerable(world.read(FEED))] == [came, came]


def test_thousands_that_are_affected_leave_room_for_what_came_in(world: World):
    """And the newest are among those that are told, however old most of them are."""
    changed = {n: f"2023-{1 + n % 12:02}-01T00:00:00Z" for n in range(1, 301)}
    world.add(M, *(f"v1.0.{n}" for n in range(60)))
    rows = world.catalog.versions.of(M)
    came = [replace(row, admitted_at="2022-01-01T00:00:00.000000Z") for row in rows]
    world.catalog.versions.admit(came)
    keep(
        world,
        *(
            entry(f"GO-2024-{n:04}", FIRST, module=M, modified=time)
            for n, time in changed.items()
        ),
    )
    world.publish()
    data = world.read(FEED)
    told = _vulnerable(data)
    assert len(told) == VULNERABLE_ENTRIES
    newest = sorted((f"{t[:-1]}.000000Z" for t in changed.values()), reverse=True)
    assert sorted((each[2] for each in told), reverse=True) == newest[: len(told)]
    assert len(entries(data)) == len(told) + 60
    assert b"v1.0.59, v1.0.58, v1.0.57, v1.0.56, v1.0.55 and 55 more" in data
    assert len(data) < 100_000


def test_a_change_that_is_yet_to_come_is_not_believed(world: World):
    world.add(M, "v1.0.0")
    keep(world, entry(ONE, FIRST, module=M, modified="9999-01-01T00:00:00Z"))
    world.publish()
    ((_, _, updated),) = _vulnerable(world.read(FEED))
    assert updated.startswith("1970-")


def test_texts_of_an_entry_do_not_break_it(world: World):
    evil = "]]></summary><script>\N{RIGHT-TO-LEFT OVERRIDE}\x1b[2J" + "x" * 3_000
    fields: dict[str, Any] = {"summary": evil * 100, "aliases": [evil] * 400}
    world.add(M, "v1.0.0")
    keep(world, entry(ONE, FIRST, fixed("1.1.1" + "9" * 3_000), module=M, **fields))
    world.publish()
    data = world.read(FEED)
    assert len(_vulnerable(data)) == 1
    assert len(data) < 5_000
    assert b"<script" not in data
    assert b"\x1b" not in data
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in data.decode()


def test_an_entry_that_cannot_be_read_is_left_out(world: World):
    for path in (M, N):
        world.add(path, "v1.0.0")
    keep(world, entry(ONE, FIRST, module=M), entry(TWO, FIRST, module=N))
    world.publish()
    (lost,) = [e for e in world.catalog.artifacts.of(VULNDB) if ONE in e.name]
    broken = world.blobs.put_bytes(b"{")
    world.catalog.artifacts.put([replace(lost, digest=broken, size_bytes=1)])
    world.publish()
    assert [title for _, title, _ in _vulnerable(world.read(FEED))] == [
        f"vulnerable: {N} by {TWO}"
    ]


def _vulnerable(data):
    return [each for each in entries(data) if each[1].startswith("vulnerable: ")]
