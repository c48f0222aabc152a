"""Decisions on the policy: who allowed or denied what, when, why, and until when.

Each is a document of the store, ``policy/STORE/ID.json``: kept as a blob, told to the
journal, shown in the tree, carried by bundles. Inside they count as they do outside; a
store changes its own alone, which no bundle takes away. What is undone stays as a
memory. An ``allow`` is an exception to the rules; a ``deny`` is a rule that none of the
exceptions lets past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from gosync.artifact import DOCUMENT, Artifact
from gosync.catalog.db import Catalog
from gosync.clock import format_time, parse_time
from gosync.errors import BlobCorruptError, MalformedError, UsageError
from gosync.hint import advise, command
from gosync.site.artifacts import keep_artifact
from gosync.site.policyrules import PolicyException, PolicyRules, Prohibition
from gosync.site.rules import parse_exclusion
from gosync.site.site import Site
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest

FOLDER: Final = "policy/"
_MAX_BYTES: Final = 64 << 10
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class DecisionKind(StrEnum):
    """What was decided."""

    ALLOW = "allow"
    DENY = "deny"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision.

    Attributes:
        id: Its name, within its store.
        kind: What was decided.
        modules: Of what: a path, pattern, path@version or path@RANGE.
        licences: The licences that are allowed.
        vulnerabilities: The vulnerabilities that are; where neither is named, whatever
            the rule is.
        reason: Why.
        until: Its last day, "" for no end.
        by: Who decided.
        at: When.
        undone_by: Who undid it, "" while it stands.
        undone_at: When, "" while it stands.
    """

    id: _Text
    kind: DecisionKind
    modules: _Text
    licences: tuple[_Text, ...] = ()
    vulnerabilities: tuple[_Text, ...] = ()
    reason: _Text
    until: str = ""
    by: _Text
    at: str
    undone_by: str = ""
    undone_at: str = ""

    def stands(self, now: datetime) -> bool:
        """Return whether it is in force."""
        ended = self.until and date.fromisoformat(self.until) < now.date()
        return not (self.undone_at or ended)


class Only(msgspec.Struct, frozen=True):
    """What an ``allow`` is limited to; where neither is named, it is not limited.

    Attributes:
        licences: These licences.
        vulnerabilities: These vulnerabilities.
    """

    licences: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()


NO_LIMIT: Final = Only()


def new_decision(
    kind: DecisionKind,
    modules: str,
    *,
    only: Only = NO_LIMIT,
    reason: str,
    until: date | None,
    by: str,
    now: datetime,
) -> Decision:
    """Return a decision of now.

    Raises:
        MalformedError: ``modules`` names none.
    """
    parse_exclusion(modules)
    at = format_time(now)
    key = hashlib.sha256(f"{kind}{modules}{at}{by}".encode()).hexdigest()[:8]
    return Decision(
        id=f"{now:%Y%m%dT%H%M%S}-{key}",
        kind=kind,
        modules=modules,
        licences=only.licences,
        vulnerabilities=only.vulnerabilities,
        reason=reason,
        until="" if until is None else until.isoformat(),
        by=by,
        at=at,
    )


def with_decisions(rules: PolicyRules, decisions: Iterable[Decision]) -> PolicyRules:
    """Return rules with what was decided beside them."""
    exceptions, prohibitions = [*rules.exceptions], [*rules.prohibitions]
    for each in decisions:
        if each.undone_at:
            continue
        modules = (parse_exclusion(each.modules),)
        until = date.fromisoformat(each.until) if each.until else None
        if each.kind is DecisionKind.ALLOW:
            named = each.licences, each.vulnerabilities
            exceptions.append(PolicyException(modules, each.reason, until, *named))
        else:
            prohibitions.append(Prohibition(modules, each.reason, until))
    return replace(
        rules, exceptions=tuple(exceptions), prohibitions=tuple(prohibitions)
    )


def read_decisions(catalog: Catalog, blobs: BlobReader) -> list[Decision]:
    """Return all decisions, the oldest first.

    Raises:
        StoreError: one of them cannot be read; none may be overlooked.
    """
    named = catalog.artifacts.below(DOCUMENT, FOLDER)
    found = [_read(blobs.read, each) for each in named]
    return sorted(found, key=lambda each: (each.at, each.id))


def decide(site: Site, decision: Decision) -> None:
    """Write a decision of this store down.

    Raises:
        StoreError: it cannot be written.
    """
    data = msgspec.json.format(msgspec.json.encode(decision), indent=1) + b"\n"
    keep_artifact(site, DOCUMENT, f"{own_folder(site)}{decision.id}.json", [data])


def undo(site: Site, name: str, *, by: str) -> Decision:
    """Undo a decision of this store; return it.

    Raises:
        UsageError: there is none of that name that stands.
        StoreError: it cannot be written.
    """
    kept = site.catalog.artifacts.get(DOCUMENT, f"{own_folder(site)}{name}.json")
    if kept is None or (found := _read(site.blobs.read, kept)).undone_at:
        raise UsageError(
            f"{name}: this store has made no such decision that stands",
            hint=advise("{} lists all", command("policy list")),
        )
    undone = replace(found, undone_by=by, undone_at=format_time(site.clock.now()))
    decide(site, undone)
    return undone


def own_folder(site: Site) -> str:
    """Return where the decisions of this store are."""
    return f"{FOLDER}{site.standing.generation.store}/"


@lru_cache(maxsize=4096)
def _read(read: Callable[[Digest], bytes], artifact: Artifact) -> Decision:
    try:
        data = read(Digest(artifact.digest))
        found = msgspec.json.decode(data[:_MAX_BYTES], type=Decision)
        parse_exclusion(found.modules)
        parse_time(found.at)
        if found.until:
            date.fromisoformat(found.until)
    except (msgspec.DecodeError, MalformedError, ValueError) as exc:
        raise BlobCorruptError(
            f"{artifact}: a decision on the policy that cannot be read: {exc}",
            hint="a newer gosync may have made it",
        ) from exc
    return found
