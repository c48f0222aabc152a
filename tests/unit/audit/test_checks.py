"""The checks: what is held against what was said, and nothing invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gosync.audit.answers import (
    FileAnswer,
    IndexAnswer,
    ListAnswer,
    NewestAnswer,
    RefsAnswer,
)
from gosync.audit.checks import (
    Followed,
    SourceAnswer,
    check_agreement,
    check_index,
    check_list,
    check_notices,
    check_refs,
    check_stale,
    check_version,
)
from gosync.catalog.versions import Proof, VersionRow
from gosync.clock import format_time
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import Origin
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DAY = 86_400.0
A, B = "https://a.example", "https://b.example"
ROW = VersionRow(
    "example.com/m",
    "v1.0.0",
    mod_h1="h1:mod",
    zip_h1="h1:zip",
    commit_hash="c0",
    proof=Proof.SUMDB,
)


def yes(value, first=""):
    return FileAnswer(had=True, value=value, first=first or value)


SAME = {
    FileKind.INFO: yes("c0"),
    FileKind.MOD: yes("h1:mod"),
    FileKind.ZIP: yes("h1:zip"),
}


def said(source=A, *, gave_ours=True, dropped=False, **files):
    changed = {FileKind(name): answer for name, answer in files.items()}
    return SourceAnswer(
        source, gave_ours=gave_ours, dropped=dropped, files={**SAME, **changed}
    )


def kinds(sightings):
    return [sighting.kind.value for sighting in sightings]


def test_what_is_as_it_was_is_no_finding():
    assert check_version(ROW, said()) == []
    assert check_agreement(ROW, [said(), said(B)]) == []


@pytest.mark.parametrize(
    ("files", "facts"),
    [
        ({"zip": yes("h1:other")}, {"zip_h1": "h1:other"}),
        ({"mod": yes("h1:other")}, {"mod_h1": "h1:other"}),
        ({"info": yes("c1")}, {"commit": "c1"}),
        (
            {"info": yes("c1"), "zip": yes("h1:other")},
            {"commit": "c1", "zip_h1": "h1:other"},
        ),
    ],
)
def test_what_differs_is_one_finding_with_both_sides(files, facts):
    (found,) = check_version(ROW, said(**files))
    assert kinds([found]) == ["rewritten"]
    assert found.theirs == facts
    assert set(found.ours) == set(facts)


def test_a_go_mod_that_changed_beside_the_same_zip_is_said_so():
    (found,) = check_version(ROW, said(mod=yes("h1:other")))
    assert "beside the same zip" in found.summary


def test_of_another_upstream_the_commit_is_held_against_what_it_said_first():
    other = said(B, gave_ours=False, info=yes("c9"))
    assert check_version(ROW, other) == []
    moved = said(B, gave_ours=False, info=yes("c10", first="c9"))
    assert kinds(check_version(ROW, moved)) == ["rewritten"]


def test_an_info_that_names_no_commit_says_nothing():
    assert check_version(ROW, said(info=yes(""))) == []
    assert check_version(replace(ROW, commit_hash=None), said()) == []


@pytest.mark.parametrize(
    ("answer", "gave_ours", "gone"),
    [
        (FileAnswer(no=True), True, True),
        (FileAnswer(no=True), False, False),
        (FileAnswer(no=True, had=True), False, True),
        (FileAnswer(), True, False),
        (FileAnswer(had=True), True, False),
    ],
)
def test_only_who_had_it_can_have_lost_it(answer, gave_ours, gone):
    found = check_version(ROW, said(gave_ours=gave_ours, zip=answer))
    assert ("vanished" in kinds(found)) is gone


def test_a_version_that_the_list_drops_is_the_same_finding_as_its_lost_files():
    lost = said(dropped=True, zip=FileAnswer(no=True, had=True, value="h1:zip"))
    (found,) = check_version(ROW, lost)
    assert set(found.theirs) == {"zip", "list"}


def test_upstreams_that_disagree_are_shown_side_by_side():
    (found,) = check_agreement(ROW, [said(), said(B, zip=yes("h1:other"))])
    assert found.theirs == {f"zip_h1 {A}": "h1:zip", f"zip_h1 {B}": "h1:other"}
    gone = said(B, zip=FileAnswer(no=True, had=True, value="h1:other"))
    assert check_agreement(ROW, [said(), gone]) == []


def test_a_module_is_lost_where_it_was():
    def found(gave_ours, said):
        return kinds(check_list("m", A, said, gave_ours=gave_ours, held=2))

    assert found(True, ListAnswer(no=True)) == ["vanished"]
    assert found(False, ListAnswer(no=True, had=True)) == ["vanished"]
    assert found(False, ListAnswer(no=True)) == []
    assert found(True, ListAnswer()) == []


def test_retractions_cover_both_ends_and_deprecation_is_of_the_module():
    newest = NewestAnswer(
        had=True,
        version="v1.2.0",
        retracted=(("v1.0.0", "v1.1.0", "bad"), ("v1.0.0", "v1.0.0", "again")),
        deprecated="use another",
    )
    rows = [replace(ROW, version=v) for v in ("v0.9.0", "v1.0.0", "v1.1.0", "v1.2.0")]
    found = check_notices("example.com/m", rows, newest)
    assert [(s.kind.value, s.version) for s in found] == [
        ("deprecated", ""),
        ("retracted", "v1.0.0"),
        ("retracted", "v1.1.0"),
    ]
    assert check_notices("example.com/m", rows, NewestAnswer()) == []


def ago(seconds):
    return format_time(NOW - timedelta(seconds=seconds))


def followed(listed=0.0, waiting=None):
    since = None if waiting is None else ago(waiting)
    return Followed("m", ago(listed), "v1.0.0", since, limit_seconds=2 * DAY)


@pytest.mark.parametrize(
    ("module", "newer", "stale"),
    [
        (followed(), None, False),
        (followed(listed=2 * DAY), None, False),
        (followed(listed=2 * DAY + 1), None, True),
        (followed(), DAY, False),
        (followed(), DAY + 1, True),
        (followed(waiting=DAY), None, False),
        (followed(waiting=DAY + 1), None, True),
    ],
)
def test_stale_is_what_is_behind_for_longer_than_the_limit(module, newer, stale):
    newest = {"newest": "v1.1.0", "newest_time": ago(newer)} if newer else {}
    found = check_stale(module, ListAnswer(**newest), now=NOW, stale_seconds=DAY)
    assert kinds(found) == ["stale"] * stale


@pytest.mark.parametrize("time", ["", "yesterday", "2026-11-25T00:00:00Z", "9999"])
def test_a_time_that_is_none_or_young_makes_nothing_stale(time):
    newest = ListAnswer(newest="v9.0.0", newest_time=time)
    assert check_stale(followed(), newest, now=NOW, stale_seconds=DAY) == []
    item = ModuleVersion("", "index")
    index = IndexAnswer(unread=time)
    assert check_index(item, A, index, now=NOW, stale_seconds=DAY) == []


def test_an_index_with_old_events_that_were_not_read_is_stale():
    index = IndexAnswer(cursor=ago(4 * DAY), unread=ago(3 * DAY))
    (found,) = check_index(
        ModuleVersion("", "index"), A, index, now=NOW, stale_seconds=DAY
    )
    assert found.theirs == {"unread": ago(3 * DAY)}


@pytest.mark.parametrize(
    ("commits", "theirs"),
    [
        ({"refs/tags/v1.0.0": "c0"}, None),
        ({}, None),
        ({"refs/tags/v1.0.0": "c1"}, "c1"),
        ({"refs/tags/v1.0.0": ""}, "none"),
    ],
)
def test_a_tag_is_where_it_was_or_it_moved(commits, theirs):
    origin = Origin(vcs="git", url=A, ref="refs/tags/v1.0.0", hash="c0")
    found = check_refs(ROW, origin, RefsAnswer(had=True, url=A, commits=commits))
    assert [sighting.theirs["commit"] for sighting in found] == [theirs] * bool(theirs)
