"""What an audit reads of others: any text is a value, nothing, or MalformedError."""

from __future__ import annotations

import re
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from gosync.audit.git import parse_tags
from gosync.audit.origins import repository_of
from gosync.catalog.findings import Finding, FindingKind, FindingState
from gosync.errors import MalformedError
from gosync.gomod.info import Origin
from gosync.ingest.entries import finding_entry, parse_finding_entry

HOSTS = frozenset({"git.example"})
PIECES = st.sampled_from(
    ["https://", "ssh://", "git@", "git.example", "/", "..", "-", "a", ":22", " ", "%"]
)
URLS = st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join))
COMMIT = "0" * 40
FACTS = st.dictionaries(st.text(), st.text(), max_size=3)
FINDINGS = st.builds(
    Finding,
    id=st.integers(1, 1 << 60),
    kind=st.sampled_from(FindingKind),
    path=st.text(),
    version=st.text(),
    source=st.text(),
    summary=st.text(),
    ours=FACTS,
    theirs=FACTS,
    first_seen=st.text(),
    last_seen=st.text(),
    state=st.sampled_from(FindingState),
    state_by=st.text(),
    state_at=st.text(),
    note=st.text(),
    told_at=st.none() | st.text(),
)
VALUES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.text())
def test_tags_are_full_names_and_whole_hashes(text):
    for name, commit in parse_tags(text).items():
        assert name.startswith("refs/tags/")
        assert re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit)


@given(URLS, st.one_of(st.just("refs/tags/v1"), st.text()))
def test_a_repository_is_a_plain_url_of_an_allowed_host(url, ref):
    found = repository_of(Origin(vcs="git", url=url, ref=ref, hash=COMMIT), HOSTS)
    if found is not None:
        assert re.match(r"https://git\.example/|ssh://(git@)?git\.example/", found.url)
        assert not re.search(r"[\s%\\]|\.\.(/|$)|/-|[^\x21-\x7e]", found.url)


@given(FINDINGS)
def test_a_finding_comes_back_from_the_journal(finding):
    assert parse_finding_entry(finding_entry(finding)) == finding


@given(FINDINGS, st.dictionaries(st.text(), VALUES), st.data())
def test_any_entry_is_a_finding_or_malformed(finding, more, data):
    entry = {**finding_entry(finding), **more}
    name = data.draw(st.sampled_from(sorted(entry)))
    entry[name] = data.draw(VALUES)
    with suppress(MalformedError):
        assert isinstance(parse_finding_entry(entry), Finding)
