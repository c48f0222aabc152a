"""The feed: well formed whatever others wrote, newest first, written when it must."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.catalog.findings import Finding, FindingKind, FindingState, Sighting
from gosync.catalog.versions import Need, Proof, State, VersionRow
from gosync.publish.feed import ENTRIES, format_feed
from tests.unit.publish.world import World

ATOM = "{http://www.w3.org/2005/Atom}"
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
        tuple(entry.findtext(f"{ATOM}{tag}") for tag in ("id", "title", "updated"))
        for entry in feed.iter(f"{ATOM}entry")
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
