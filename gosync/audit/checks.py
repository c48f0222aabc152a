"""Checks: what is held against what was answered makes findings. Pure.

Every check returns all that it sees, so that what it sees no longer is over. "Don't
know" is no answer and never gets here; a definite no counts only where there was a
yes before, since a proxy that never had a version has not lost it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from gosync.audit.answers import (
    MAX_VALUE_CHARACTERS,
    FileAnswer,
    IndexAnswer,
    ListAnswer,
    NewestAnswer,
    RefsAnswer,
)
from gosync.catalog.findings import FindingKind, Sighting
from gosync.catalog.versions import Proof, VersionRow
from gosync.clock import format_time, parse_time
from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import Origin
from gosync.gomod.info import parse_time as parse_upstream_time
from gosync.gomod.module import ModuleVersion

_FACTS = {FileKind.INFO: "commit", FileKind.MOD: "mod_h1", FileKind.ZIP: "zip_h1"}
_NOUNS = {FileKind.INFO: "commit", FileKind.MOD: "go.mod", FileKind.ZIP: "zip"}
_AUTHORITY = {
    Proof.SUMDB: "the checksum database has",
    Proof.PINNED: "was seen first",
    None: "is held",
}


class SourceAnswer(msgspec.Struct, frozen=True):
    """What one upstream said of one version.

    Attributes:
        source: The upstream.
        gave_ours: Whether what is held came from there.
        dropped: Whether its list named the version once and does no longer.
        files: What it said of each file that it was asked for.
    """

    source: str
    gave_ours: bool
    dropped: bool = False
    files: Mapping[FileKind, FileAnswer] = msgspec.field(default_factory=dict)


def check_version(row: VersionRow, said: SourceAnswer) -> list[Sighting]:
    """Return what became of a version at one upstream."""
    return [*_rewritten(row, said), *_vanished(row, said)]


def must_be(
    row: VersionRow, what: FileKind, said: FileAnswer, *, gave_ours: bool
) -> str | None:
    """Return what a file is held to be, None if nobody can say.

    A commit is proven by nothing: it is what that same upstream named first.
    """
    if what is FileKind.INFO:
        ours = (row.commit_hash or "")[:MAX_VALUE_CHARACTERS]
        return (ours if gave_ours else said.first) or None
    return row.mod_h1 if what is FileKind.MOD else row.zip_h1


def _rewritten(row: VersionRow, said: SourceAnswer) -> Iterator[Sighting]:
    ours: dict[str, str] = {}
    theirs: dict[str, str] = {}
    differ = []
    for what, answer in said.files.items():
        held = must_be(row, what, answer, gave_ours=said.gave_ours)
        if held and answer.value and held != answer.value:
            ours[_FACTS[what]], theirs[_FACTS[what]] = held, answer.value
            if answer.evidence:
                ours[f"{what}_evidence"] = answer.evidence
            differ.append(what)
    if not differ:
        return
    nouns = " and ".join(_NOUNS[what] for what in differ)
    same_zip = _is_same(row, said, FileKind.ZIP) and FileKind.MOD in differ
    yield Sighting(
        kind=FindingKind.REWRITTEN,
        path=row.path,
        version=row.version,
        source=said.source,
        summary=f"another {nouns}{' beside the same zip' if same_zip else ''}"
        f" than {_AUTHORITY[row.proof]}",
        ours=ours,
        theirs=theirs,
    )


def _is_same(row: VersionRow, said: SourceAnswer, what: FileKind) -> bool:
    answer = said.files.get(what)
    return answer is not None and answer.value == must_be(
        row, what, answer, gave_ours=said.gave_ours
    )


def _vanished(row: VersionRow, said: SourceAnswer) -> Iterator[Sighting]:
    theirs = {
        what.value: "not found"
        for what, answer in said.files.items()
        if answer.no and (answer.had or said.gave_ours)
    }
    if said.dropped:
        theirs["list"] = "named no longer"
    if theirs:
        yield Sighting(
            kind=FindingKind.VANISHED,
            path=row.path,
            version=row.version,
            source=said.source,
            summary=f"gone there: {', '.join(theirs)}",
            ours=_carried(row),
            theirs=theirs,
        )


def _carried(row: VersionRow) -> dict[str, str]:
    facts = {"mod_h1": row.mod_h1, "zip_h1": row.zip_h1, "commit": row.commit_hash}
    return {name: value for name, value in facts.items() if value}


def check_agreement(row: VersionRow, said: Iterable[SourceAnswer]) -> list[Sighting]:
    """Return whether upstreams disagree about a version, file by file."""
    theirs: dict[str, str] = {}
    differ = []
    by_source = list(said)
    for what in FileKind:
        values = {
            each.source: answer.value
            for each in by_source
            if (answer := each.files.get(what)) and answer.value and not answer.no
        }
        if len(set(values.values())) > 1:
            differ.append(_NOUNS[what])
            theirs |= {f"{_FACTS[what]} {src}": text for src, text in values.items()}
    if not differ:
        return []
    return [
        Sighting(
            kind=FindingKind.DIVERGED,
            path=row.path,
            version=row.version,
            summary=f"upstreams disagree about its {' and '.join(differ)}",
            ours=_carried(row),
            theirs=theirs,
        )
    ]


def check_list(
    path: str, source: str, said: ListAnswer, *, gave_ours: bool, held: int
) -> list[Sighting]:
    """Return whether an upstream has lost a whole module."""
    if not (said.no and held and (said.had or gave_ours)):
        return []
    return [
        Sighting(
            kind=FindingKind.VANISHED,
            path=path,
            source=source,
            summary="the module is gone there",
            ours={"versions": str(held)},
            theirs={"list": "not found"},
        )
    ]


def check_notices(
    path: str, rows: Iterable[VersionRow], said: NewestAnswer
) -> list[Sighting]:
    """Return what a module's author says of what is held.

    The go.mod that says so is not proven where that version is not held.
    """
    theirs = {"said_by": f"{path}@{said.version}"}
    seen = []
    if said.deprecated:
        seen.append(
            Sighting(
                kind=FindingKind.DEPRECATED,
                path=path,
                summary=f"deprecated: {said.deprecated}",
                ours={},
                theirs={"deprecated": said.deprecated},
            )
        )
    for row in rows:
        for low, high, rationale in said.retracted:
            if _covers(low, high, row.version):
                seen.append(
                    Sighting(
                        kind=FindingKind.RETRACTED,
                        path=path,
                        version=row.version,
                        summary=f"retracted: {rationale or 'no reason given'}",
                        ours=_carried(row),
                        theirs={"rationale": rationale, **theirs},
                    )
                )
                break
    return seen


def _covers(low: str, high: str, version: str) -> bool:
    return semver.compare(low, version) <= 0 <= semver.compare(high, version)


class Followed(msgspec.Struct, frozen=True):
    """What is known of a followed module's freshness.

    Attributes:
        path: The module.
        listed_at: When its list was last had, or None.
        newest: The newest version that is known here, "" for none.
        waiting_since: Since when the newest cannot be fetched, or None.
        limit_seconds: The age that its list may have.
    """

    path: str
    listed_at: str | None
    newest: str
    waiting_since: str | None
    limit_seconds: float


def check_stale(
    module: Followed, said: ListAnswer, *, now: datetime, stale_seconds: float
) -> list[Sighting]:
    """Return whether a module is behind its upstream, for too long."""
    reasons: list[str] = []
    ours = {"newest": module.newest or "none"}
    theirs: dict[str, str] = {}
    if module.listed_at and _age(module.listed_at, now) > module.limit_seconds:
        reasons.append("its list is older than it may be")
        ours["listed_at"] = module.listed_at
    committed = _upstream_age(said.newest_time, now)
    if committed is not None and committed > stale_seconds:
        reasons.append(f"{said.newest} is not known here")
        theirs["newest"] = said.newest
    if module.waiting_since and _age(module.waiting_since, now) > stale_seconds:
        reasons.append(f"{module.newest} cannot be fetched")
        ours["waiting_since"] = module.waiting_since
    if not reasons:
        return []
    return [
        Sighting(
            kind=FindingKind.STALE,
            path=module.path,
            summary="; ".join(reasons),
            ours=ours,
            theirs=theirs,
        )
    ]


def check_index(
    item: ModuleVersion,
    source: str,
    said: IndexAnswer,
    *,
    now: datetime,
    stale_seconds: float,
) -> list[Sighting]:
    """Return whether the index has gone on without us, for too long.

    Args:
        item: What findings call the index.
        source: The index's URL.
        said: What it answered.
        now: When.
        stale_seconds: How long we may be behind.
    """
    age = _upstream_age(said.unread, now)
    if age is None or age <= stale_seconds:
        return []
    return [
        Sighting(
            kind=FindingKind.STALE,
            path=item.path,
            version=item.version,
            source=source,
            summary=f"events since {said.unread} are not read yet",
            ours={"cursor": said.cursor},
            theirs={"unread": said.unread},
        )
    ]


def check_refs(row: VersionRow, origin: Origin, said: RefsAnswer) -> list[Sighting]:
    """Return whether a version's tag is where it was, at its source."""
    commit = said.commits.get(origin.ref)
    if commit is None or commit == origin.hash:
        return []
    return [
        Sighting(
            kind=FindingKind.MOVED,
            path=row.path,
            version=row.version,
            source=said.url,
            summary=f"{origin.ref} is {'at another commit' if commit else 'gone'}",
            ours={"commit": origin.hash},
            theirs={"commit": commit or "none"},
        )
    ]


def _age(moment: str, now: datetime) -> float:
    return (now - parse_time(moment)) / timedelta(seconds=1)


def _upstream_age(moment: str, now: datetime) -> float | None:
    """Return how old a time is that somebody else wrote, None for no time."""
    try:
        return _age(format_time(parse_upstream_time(moment)), now) if moment else None
    except MalformedError:
        return None
