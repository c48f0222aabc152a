"""The table of findings; what a finding means is said in ``findings``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import asdict

from gosync.catalog.connection import Connection
from gosync.catalog.findings import Finding, FindingKind, FindingState, Scope, Sighting
from gosync.catalog.sqlite_errors import reading_row
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion

MAX_SUMMARY_CHARACTERS: Final = 500
_COLUMNS = ", ".join(Finding.__struct_fields__)
_SEEN = """
INSERT INTO findings (kind, path, version, source, summary, ours, theirs,
    first_seen, last_seen, state, state_by, state_at, told_at)
VALUES (:kind, :path, :version, :source, :summary, :ours, :theirs,
    :now, :now, :state, 'gosync', :now, :told_at)
ON CONFLICT (kind, path, version, source) DO UPDATE SET
    summary = excluded.summary, ours = excluded.ours, theirs = excluded.theirs,
    last_seen = excluded.last_seen
"""
_SET = """
UPDATE findings SET state = :state, state_by = :by, state_at = :now,
    note = coalesce(:note, note), told_at = :told_at WHERE id = :id
"""
_kind = reading_row(FindingKind)


class Findings:
    """The table of findings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def see(
        self, sighting: Sighting, now: datetime, *, accept: Collection[FindingKind] = ()
    ) -> Finding | None:
        """Write down what was seen; return the finding if its state was set by that.

        Args:
            sighting: What was seen.
            now: When.
            accept: Kinds that are accepted from their first sight on.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        accepted = sighting.kind in accept
        state = FindingState.ACCEPTED if accepted else FindingState.NEW
        told_at = format_time(now) if accepted else None
        with self._connection.transaction():
            before = self._same(sighting)
            self._connection.write(
                _SEEN, _values(sighting, now, state=state, told_at=told_at)
            )
            if before is None:
                return self._same(sighting)
            stays = accepted and before.state is FindingState.ACCEPTED
            if stays or not _is_news(before, sighting):
                return None
            self._set(before.id, state, now, by="gosync", told_at=told_at)
            return self.get(before.id)

    def reconcile(
        self,
        scope: Scope,
        sightings: Iterable[Sighting],
        now: datetime,
        *,
        accept: Collection[FindingKind] = (),
    ) -> list[Finding]:
        """Write down all that one look saw; what it sees no longer is resolved.

        Returns:
            The findings whose state was set by that.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        seen = list(sightings)
        keys = {_key(each) for each in seen}
        with self._connection.transaction():
            over = [
                self.settle(finding.id, now)
                for finding in self.of_module(scope.path)
                if finding.state is not FindingState.RESOLVED
                and scope.covers(finding)
                and _key(finding) not in keys
            ]
            found = [self.see(each, now, accept=accept) for each in seen]
        return over + [finding for finding in found if finding is not None]

    def settle(self, finding_id: int, now: datetime, *, reason: str = "") -> Finding:
        """Resolve a finding that is over; hooks are not told of that.

        Args:
            finding_id: Its number.
            now: When.
            reason: Why it is over although nobody has looked; it ends the summary.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        said = f"; over: {reason}"[: MAX_SUMMARY_CHARACTERS // 2]
        with self._connection.transaction():
            if reason:
                self._connection.write(
                    "UPDATE findings SET summary = substr(summary, 1, ?) || ?"
                    " WHERE id = ?",
                    (MAX_SUMMARY_CHARACTERS - len(said), said, finding_id),
                )
            return self._decided(finding_id, FindingState.RESOLVED, now)

    def accept(self, finding_id: int, now: datetime) -> Finding:
        """Accept a finding whose kind is accepted now; hooks are not told of that.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return self._decided(finding_id, FindingState.ACCEPTED, now)

    def _decided(self, finding_id: int, state: FindingState, now: datetime) -> Finding:
        self._set(finding_id, state, now, by="gosync", told_at=format_time(now))
        decided = self.get(finding_id)
        assert decided is not None
        return decided

    def restore(self, findings: Iterable[Finding]) -> None:
        """Write findings as they once were, their numbers included.

        Raises:
            CatalogError: one breaks an invariant, or cannot be written.
        """
        self._connection.replace("findings", map(_row, findings))

    def decide(
        self,
        finding_id: int,
        state: FindingState,
        now: datetime,
        *,
        note: str | None = None,
    ) -> Finding | None:
        """Set the state that an operator chose; None when there is no such finding.

        Args:
            finding_id: Its number.
            state: What it becomes; hooks are not told of that.
            now: When.
            note: What is said to it; None leaves what was said before.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            told_at = format_time(now)
            self._set(finding_id, state, now, by="operator", told_at=told_at, note=note)
            return self.get(finding_id)

    def _set(
        self,
        finding_id: int,
        state: FindingState,
        now: datetime,
        *,
        by: str,
        told_at: str | None,
        note: str | None = None,
    ) -> None:
        self._connection.write(
            _SET,
            {
                "id": finding_id,
                "state": state.value,
                "by": by,
                "now": format_time(now),
                "told_at": told_at,
                "note": note,
            },
        )

    def untold(self) -> list[Finding]:
        """Return what is new and whose hooks are still to be called, by number.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._select("WHERE state = 'new' AND told_at IS NULL", ())

    def mark_told(self, finding_ids: Iterable[int], now: datetime) -> None:
        """Remember that hooks were told of these.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        moment = format_time(now)
        self._connection.write_many(
            "UPDATE findings SET told_at = ? WHERE id = ?",
            ((moment, finding_id) for finding_id in finding_ids),
        )

    def get(self, finding_id: int) -> Finding | None:
        """Return one finding, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._select("WHERE id = ?", (finding_id,))
        return found[0] if found else None

    def open(self) -> list[Finding]:
        """Return what stands open, by number.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._select("WHERE state IN ('new', 'known')", ())

    def unsettled(self, kind: FindingKind) -> list[Finding]:
        """Return what of a kind is not resolved, by number.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._select("WHERE kind = ? AND state <> 'resolved'", (kind.value,))

    def all(self) -> list[Finding]:
        """Return every finding, by number.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._select("", ())

    def newest(self, *, limit: int) -> list[Finding]:
        """Return those whose state was set last, the newest first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM findings"  # noqa: S608 - own names
            " ORDER BY state_at DESC, id DESC LIMIT ?",
            (limit,),
        )
        return [_finding(row) for row in found]

    def of_module(self, path: str) -> list[Finding]:
        """Return the findings of a module and of its versions.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._select("WHERE path = ?", (path,))

    def of(self, item: ModuleVersion) -> list[Finding]:
        """Return the findings of a version, or with version "" of a module itself.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        key = (item.path, item.version)
        return self._select("WHERE path = ? AND version = ?", key)

    def counts(self) -> dict[FindingKind, int]:
        """Return how many of each kind stand open, zeros included.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT kind, count(*) FROM findings WHERE state IN ('new', 'known')"
            " GROUP BY kind"
        )
        return dict.fromkeys(FindingKind, 0) | {_kind(row[0]): row[1] for row in found}

    def _same(self, sighting: Sighting) -> Finding | None:
        found = self._select(
            "WHERE kind = ? AND path = ? AND version = ? AND source = ?",
            (sighting.kind.value, sighting.path, sighting.version, sighting.source),
        )
        return found[0] if found else None

    def _select(
        self, condition: str, parameters: tuple[str | int, ...]
    ) -> list[Finding]:
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM findings {condition} ORDER BY id",  # noqa: S608 - own names
            parameters,
        )
        return [_finding(row) for row in found]


def _key(seen: Sighting | Finding) -> tuple[FindingKind, str, str, str]:
    return (seen.kind, seen.path, seen.version, seen.source)


def _is_news(before: Finding, sighting: Sighting) -> bool:
    """Whether what is seen again must be told again.

    A fact that is added completes the picture; one that changed is another.
    """
    if before.state is FindingState.RESOLVED:
        return True
    if sighting.kind is FindingKind.STALE:
        return False
    said = sighting.theirs
    return any(said.get(name, value) != value for name, value in before.theirs.items())


def _values(
    sighting: Sighting, now: datetime, *, state: FindingState, told_at: str | None
) -> dict[str, str | int | bytes | None]:
    return {
        "kind": sighting.kind.value,
        "path": sighting.path,
        "version": sighting.version,
        "source": sighting.source,
        "summary": sighting.summary[:MAX_SUMMARY_CHARACTERS],
        "ours": _format(sighting.ours),
        "theirs": _format(sighting.theirs),
        "now": format_time(now),
        "state": state.value,
        "told_at": told_at,
    }


def _row(finding: Finding) -> dict[str, str | int | bytes | None]:
    ours, theirs = _format(finding.ours), _format(finding.theirs)
    return {**asdict(finding), "ours": ours, "theirs": theirs}


def _format(facts: Mapping[str, str]) -> str:
    return json.dumps(dict(facts), sort_keys=True)


@reading_row
def _finding(row: sqlite3.Row) -> Finding:
    number, kind, path, version, source, summary, ours, theirs, *rest = row
    first_seen, last_seen, state, state_by, state_at, note, told_at = rest
    return Finding(
        number,
        FindingKind(kind),
        path,
        version,
        source,
        summary,
        json.loads(ours),
        json.loads(theirs),
        first_seen,
        last_seen,
        FindingState(state),
        state_by,
        state_at,
        note,
        told_at,
    )
