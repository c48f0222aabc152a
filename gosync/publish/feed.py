"""The tree's feed: what came in and what was found, newest first. Pure.

Atom (RFC 4287), for people inside who want to follow it without asking. An entry
is a version that is carried whole, at the time it was admitted, a finding, at the
time its state was set, or a version that was withdrawn; its id stays the same, so that
a reader shows a finding anew when it was settled. The feed says what this site saw and
when: two sites that carry the same have different ones. A vulnerability of a module is
an entry, too, at the later of when the database's entry changed and when the newest of
the affected versions came; the newest few have a place, however much else came in.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final
from urllib.parse import quote

from gosync.catalog.findings import Finding
from gosync.catalog.versions import VersionRow
from gosync.catalog.withdrawn import Withdrawal
from gosync.errors import MalformedError
from gosync.folder import routes
from gosync.osv.vulnerable import NewestVulnerable

ENTRIES: Final = 100
VULNERABLE_ENTRIES: Final = 30
_NAMES: Final = uuid.uuid5(uuid.NAMESPACE_URL, "tag:gosync,2026:feed")
_VERSIONS: Final = 5
_EMPTY_AT: Final = "1970-01-01T00:00:00.000000Z"
_UP: Final = "../" * routes.FEED.count("/")


def format_feed(
    versions: Iterable[VersionRow],
    findings: Iterable[Finding],
    withdrawals: Iterable[Withdrawal] = (),
    vulnerable: Sequence[NewestVulnerable] = (),
) -> bytes:
    """Return the feed's bytes.

    Args:
        versions: What was admitted last.
        findings: What was found or settled last.
        withdrawals: What was withdrawn or brought back last.
        vulnerable: What became known as vulnerable last, newest first.
    """
    kept = list(_of_vulnerable(vulnerable[:VULNERABLE_ENTRIES]))
    entries = [
        *map(_of_finding, findings),
        *_of_withdrawals(withdrawals),
        *_of_versions(versions),
    ]
    newest = sorted(entries, reverse=True)[: ENTRIES - len(kept)]
    newest = sorted([*newest, *kept], reverse=True)
    updated = newest[0][0] if newest else _EMPTY_AT
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>{_NAMES.urn}</id>\n"
        "<title>Go modules</title>\n"
        "<author><name>gosync</name></author>\n"
        f"<updated>{updated}</updated>\n"
        f'<link rel="alternate" type="text/html" href="{_UP}{routes.ROOT_PAGE}"/>\n'
    )
    body = "".join(text for _, text in newest)
    return f"{head}{body}</feed>\n".encode()


def _of_versions(versions: Iterable[VersionRow]) -> Iterator[tuple[str, str]]:
    for row in versions:
        try:
            page = routes.of_module(row.path).page
        except MalformedError:  # what has no place in the tree is not told of
            continue
        assert row.admitted_at is not None
        proof = row.proof.value if row.proof is not None else "none"
        yield _entry(
            row.admitted_at,
            _id("version", row.path, row.version),
            f"{row.path} {row.version}",
            f"proof: {proof}; {row.zip_h1}",
            page,
        )


def _of_finding(finding: Finding) -> tuple[str, str]:
    place = f" at {finding.source}" if finding.source else ""
    key = (finding.kind, finding.path, finding.version, finding.source)
    return _entry(
        finding.state_at,
        _id("finding", *key),
        f"{finding.kind}: {finding.subject} ({finding.state})",
        f"{finding.summary}{place}; first seen {finding.first_seen}",
        routes.ROOT_PAGE,
    )


def _of_withdrawals(withdrawals: Iterable[Withdrawal]) -> Iterator[tuple[str, str]]:
    for each in withdrawals:
        try:
            page = routes.of_module(each.path).page
        except MalformedError:
            continue
        done = "withdrawn" if each.undone_at is None else "no longer withdrawn"
        needed = f"; needed by {', '.join(each.needed_by)}" if each.needed_by else ""
        yield _entry(
            each.undone_at or each.withdrawn_at,
            _id("withdrawn", each.path, each.version, each.told_by),
            f"{done}: {each.path} {each.version}",
            f"{each.reason}{needed}",
            page,
        )


def _of_vulnerable(
    vulnerable: Iterable[NewestVulnerable],
) -> Iterator[tuple[str, str]]:
    for each in vulnerable:
        try:
            page = routes.of_module(each.module).page
        except MalformedError:
            continue
        known = f"{each.id} ({', '.join(each.aliases)})" if each.aliases else each.id
        yield _entry(
            each.since or _EMPTY_AT,
            _id("vulnerable", each.module, each.id),
            f"vulnerable: {each.module} by {known}",
            f"{each.summary}; affected: {each.versions_text(_VERSIONS)};"
            f" {each.fixed_text}",
            page,
        )


def _entry(
    updated: str, entry_id: str, title: str, summary: str, page: str
) -> tuple[str, str]:
    """Return when an entry is from, to sort by, and its XML."""
    href = quote(page, safe="/!@+~$&=,")
    return updated, (
        f"<entry><id>{entry_id}</id><title>{_text(title)}</title>"
        f"<updated>{updated}</updated>"
        f'<link rel="alternate" type="text/html" href="{_UP}{escape(href)}"/>'
        f"<summary>{_text(summary)}</summary></entry>\n"
    )


def _id(*parts: str) -> str:
    return uuid.uuid5(_NAMES, "\0".join(parts)).urn


def _text(text: str) -> str:
    """Return text for XML, which has no place for control characters."""
    printable = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return escape("".join(printable))
