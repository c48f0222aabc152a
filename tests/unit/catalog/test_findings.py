"""Findings: seen, seen again, settled by an operator, over, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.findings import FindingKind, FindingState, Scope, Sighting
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DAY = timedelta(days=1)
REWRITTEN = Sighting(
    kind=FindingKind.REWRITTEN,
    path="example.com/m",
    version="v1.0.0",
    source="https://proxy",
    summary="another zip",
    ours={"zip_h1": "h1:ours"},
    theirs={"zip_h1": "h1:theirs"},
)
SCOPE = Scope(
    "example.com/m",
    "v1.0.0",
    "https://proxy",
    frozenset({FindingKind.REWRITTEN, FindingKind.VANISHED}),
)


@pytest.fixture
def findings(tmp_path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog.findings


def only(findings):
    (finding,) = findings.all()
    return finding


def test_the_first_sight_is_news_and_the_second_moves_only_its_date(findings):
    assert findings.see(REWRITTEN, NOW)
    assert not findings.see(REWRITTEN, NOW + DAY)
    found = only(findings)
    assert (found.first_seen, found.last_seen) == (
        format_time(NOW),
        format_time(NOW + DAY),
    )
    assert found.state is FindingState.NEW
    assert found.ours == {"zip_h1": "h1:ours"}
    assert found.theirs == {"zip_h1": "h1:theirs"}
    assert found.subject == "example.com/m@v1.0.0"


def test_a_fact_more_is_no_news_but_a_fact_that_changed_is(findings):
    findings.see(REWRITTEN, NOW)
    findings.decide(1, FindingState.ACCEPTED, NOW)
    more = replace(REWRITTEN, theirs={"zip_h1": "h1:theirs", "commit": "abc"})
    assert not findings.see(more, NOW)
    assert only(findings).state is FindingState.ACCEPTED
    assert only(findings).theirs == more.theirs
    other = replace(REWRITTEN, theirs={"zip_h1": "h1:third", "commit": "abc"})
    assert findings.see(other, NOW)
    assert only(findings).state is FindingState.NEW


def test_of_what_is_stale_a_newer_version_is_no_news(findings):
    stale = replace(REWRITTEN, kind=FindingKind.STALE, theirs={"newest": "v1.1.0"})
    assert findings.see(stale, NOW)
    assert not findings.see(replace(stale, theirs={"newest": "v1.2.0"}), NOW)


@pytest.mark.parametrize("state", [FindingState.KNOWN, FindingState.ACCEPTED])
def test_a_decision_stays_while_the_same_is_seen(findings, state):
    findings.see(REWRITTEN, NOW)
    found = findings.decide(1, state, NOW + DAY, note="asked them")
    assert (found.state, found.state_by, found.note) == (
        state,
        "operator",
        "asked them",
    )
    findings.see(REWRITTEN, NOW + 2 * DAY)
    assert only(findings).state is state
    assert findings.decide(1, FindingState.KNOWN, NOW).note == "asked them"
    assert bool(findings.open()) is (only(findings).state in {"new", "known"})


def test_deciding_what_is_not_there_finds_nothing(findings):
    assert findings.decide(7, FindingState.KNOWN, NOW) is None


def test_what_a_look_sees_no_longer_is_resolved_and_is_new_when_it_returns(findings):
    assert findings.reconcile(SCOPE, [REWRITTEN], NOW) == findings.all()
    findings.mark_told([1], NOW)
    (over,) = findings.reconcile(SCOPE, [], NOW + DAY)
    assert over == only(findings)
    assert findings.reconcile(SCOPE, [], NOW + DAY) == []
    assert (over.state, over.state_by) == (FindingState.RESOLVED, "gosync")
    assert findings.untold() == []
    assert findings.reconcile(SCOPE, [REWRITTEN], NOW + 2 * DAY) == findings.all()
    assert only(findings).first_seen == format_time(NOW)
    assert findings.untold() == [only(findings)]


@pytest.mark.parametrize(
    "other",
    [
        {"kind": FindingKind.MOVED},
        {"version": "v1.0.1"},
        {"source": "https://other"},
        {"path": "example.com/n"},
    ],
)
def test_a_look_says_nothing_about_what_it_could_not_see(findings, other):
    findings.see(replace(REWRITTEN, **other), NOW)
    findings.reconcile(SCOPE, [], NOW)
    assert only(findings).is_open


def test_a_look_at_a_module_covers_all_its_versions(findings):
    findings.see(REWRITTEN, NOW)
    findings.reconcile(replace(SCOPE, version=None), [], NOW)
    assert not only(findings).is_open


def test_an_accepted_kind_stands_open_never_and_is_not_told(findings):
    accept = {FindingKind.REWRITTEN}
    assert findings.see(REWRITTEN, NOW, accept=accept) == only(findings)
    assert findings.open() == findings.untold() == []
    assert not findings.see(
        replace(REWRITTEN, theirs={"zip_h1": "h1:third"}), NOW, accept=accept
    )
    findings.reconcile(SCOPE, [], NOW)
    findings.see(REWRITTEN, NOW, accept=accept)
    assert only(findings).state is FindingState.ACCEPTED


def test_hooks_are_told_once(findings):
    findings.see(REWRITTEN, NOW)
    findings.see(replace(REWRITTEN, kind=FindingKind.MOVED), NOW)
    findings.decide(2, FindingState.KNOWN, NOW)
    (untold,) = findings.untold()
    findings.mark_told([untold.id], NOW)
    findings.see(REWRITTEN, NOW + DAY)
    assert findings.untold() == []


def test_counts_name_every_kind(findings):
    findings.see(REWRITTEN, NOW)
    counts = findings.counts()
    assert counts[FindingKind.REWRITTEN] == 1
    assert sum(counts.values()) == 1
    assert set(counts) == set(FindingKind)


def test_a_version_s_findings_and_the_newest_decision_first(findings):
    findings.see(REWRITTEN, NOW)
    findings.see(replace(REWRITTEN, version="", kind=FindingKind.DEPRECATED), NOW)
    assert [f.id for f in findings.of_module("example.com/m")] == [1, 2]
    assert [f.id for f in findings.of(ModuleVersion("example.com/m", "v1.0.0"))] == [1]
    findings.decide(1, FindingState.KNOWN, NOW + DAY)
    assert [f.id for f in findings.newest(limit=5)] == [1, 2]


def test_what_is_restored_is_as_it_was(findings):
    findings.see(REWRITTEN, NOW)
    found = findings.decide(1, FindingState.KNOWN, NOW, note="asked")
    other = replace(found, id=9, version="v2.0.0")
    findings.restore([other])
    assert findings.all() == [found, other]
