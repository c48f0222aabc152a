"""Prover: asks the proof sources for a version's hashes, one after the other.

    catalog    a record that gosync proved when it admitted the version, or a pin
    a tree     lookups and tiles that lie somewhere as files, proven to a signed head
    the log    the checksum database over the network
    go.sum     what a project was built with, for modules that no database knows

The first that knows the version answers. "The log does not know it" is an answer
only of the log itself: a tree that lacks a lookup says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Proof, VersionRow
from gosync.errors import (
    GosyncError,
    MalformedError,
    NotFoundError,
    SecurityError,
    UnavailableError,
)
from gosync.folder.findings import TreeFault
from gosync.folder.sums import TreeSums
from gosync.gomod.gosum import GoSum
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.sumdb.client import ProvenRecord, SumClient
from gosync.sumdb.record import parse_record_lines
from gosync.verify.prove.answers import ProofAnswer, nobody
from gosync.verify.verdicts import Cause, Evidence

_GIVE_UP_AFTER: Final = 3


class ProofSource(Protocol):
    """A proof source: knows the hashes of some versions."""

    async def ask(self, mv: ModuleVersion) -> ProofAnswer | None:
        """Return what a version should be; None if this source has no say."""
        ...


class CatalogSource:
    """What gosync's own store proved, or saw first."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def ask(self, mv: ModuleVersion) -> ProofAnswer | None:
        """See ProofSource."""
        row = self._catalog.versions.get(mv)
        if row is not None and row.mod_h1 is not None:
            return answer_of_row(row)
        pin = self._catalog.pins.get(mv)
        if pin is None:
            return None
        evidence = Evidence(source=f"the first sight of it, in {self._catalog.path}")
        return ProofAnswer(
            mod_h1=pin.mod_h1, zip_h1=pin.zip_h1 or "", evidence=evidence
        )


def answer_of_row(row: VersionRow) -> ProofAnswer:
    """Return what the catalog says of a version that it carries."""
    commit = row.commit_hash or ""
    if row.proof is not Proof.SUMDB or row.record_text is None:
        evidence = Evidence(source="the first sight of it")
        return ProofAnswer(
            mod_h1=row.mod_h1 or "",
            zip_h1=row.zip_h1 or "",
            evidence=evidence,
            commit=commit,
        )
    lines = parse_record_lines(row.record_text, row.mv)
    return ProofAnswer(
        mod_h1=lines.mod_h1,
        zip_h1=lines.zip_h1,
        evidence=Evidence(source="the catalog's proof", record=row.record_id),
        commit=commit,
    )


class TreeSource:
    """The part of a checksum database that lies in a folder.

    What does not hold there is damage to files, which ``logfiles`` reports, and
    says nothing about the log: then others are asked.
    """

    def __init__(self, sums: TreeSums, name: str) -> None:
        """Take what proves, and how people call it."""
        self._sums = sums
        self._name = name

    async def ask(self, mv: ModuleVersion) -> ProofAnswer | None:
        """See ProofSource."""
        found = self._sums.prove(mv)
        if isinstance(found, ProvenRecord):
            return answer_of_record(found, self._name)
        if found.kind is TreeFault.MISSING:
            return None
        return nobody(Cause.UNASKED, f"{found.path}: {found.reason}")


class LogSource:
    """The checksum database itself; after some silence it is left in peace."""

    def __init__(self, client: SumClient, name: str) -> None:
        self._client = client
        self._name = name
        self._silent = 0
        self._why = ""

    async def ask(self, mv: ModuleVersion) -> ProofAnswer | None:
        """See ProofSource."""
        if self._silent >= _GIVE_UP_AFTER:
            return nobody(Cause.UNASKED, f"given up after: {self._why}")
        try:
            record = await self._client.lookup(mv)
        except NotFoundError as exc:
            return nobody(Cause.UNKNOWN, f"{self._name} has no record of it: {exc}")
        except (UnavailableError, MalformedError) as exc:
            self._silent += 1
            self._why = str(exc)
            return nobody(Cause.UNASKED, str(exc), exc.failure_class)
        except SecurityError as exc:
            return nobody(Cause.MISBEHAVED, str(exc), exc.failure_class)
        self._silent = 0
        return answer_of_record(record, self._name)


class SumsSource:
    """go.sum files of projects that the modules were built with."""

    def __init__(self, sums: Mapping[str, GoSum]) -> None:
        """Take go.sum files by what people call them."""
        self._sums = sums

    async def ask(self, mv: ModuleVersion) -> ProofAnswer | None:
        """See ProofSource."""
        for name, sums in self._sums.items():
            mod_h1 = sums.h1(mv.path, mv.version, is_mod=True) or ""
            zip_h1 = sums.h1(mv.path, mv.version, is_mod=False) or ""
            if mod_h1 or zip_h1:
                evidence = Evidence(source=name)
                return ProofAnswer(mod_h1=mod_h1, zip_h1=zip_h1, evidence=evidence)
        return None


def answer_of_record(record: ProvenRecord, source: str) -> ProofAnswer:
    """Return what a proven record says."""
    evidence = Evidence.of_tree(source, record.id, record.tree)
    return ProofAnswer(mod_h1=record.mod_h1, zip_h1=record.zip_h1, evidence=evidence)


class Prover:
    """Asks the proof sources that may know a version.

    Attributes:
        misbehaved: What the log was caught at, by version.
    """

    def __init__(
        self,
        *,
        public: Sequence[ProofSource],
        private: Sequence[ProofSource],
        patterns: Iterable[str],
        is_off: bool,
    ) -> None:
        """Take the sources.

        Args:
            public: Who vouches for what the log knows, in the order of asking.
            private: Who vouches for what no log knows.
            patterns: GOPRIVATE patterns.
            is_off: Whether there is no checksum database at all.
        """
        self._public = public
        self._private = private
        self._patterns = PatternSet(patterns)
        self._is_off = is_off
        self.misbehaved: dict[ModuleVersion, str] = {}

    def put_first(self, source: ProofSource) -> None:
        """Ask this source before all others, about everything."""
        self._public = [source, *self._public]
        self._private = [source, *self._private]

    def is_private(self, path: str) -> bool:
        """Return whether no database is to know a module."""
        return self._is_off or self._patterns.match(path)

    async def ask(self, mv: ModuleVersion) -> ProofAnswer:
        """Return what a version should be, or why nobody can say.

        Raises:
            GosyncError: only what the sources' own disks raise.
        """
        if self.is_private(mv.path):
            answer = await _first(self._private, mv)
            return answer or nobody(
                Cause.PRIVATE, "no checksum database knows it, and it is not pinned"
            )
        answer = await _first(self._public, mv)
        if answer is not None and answer.cause is Cause.MISBEHAVED:
            self.misbehaved[mv] = answer.reason
        return answer or nobody(
            Cause.UNASKED, "no record of it at hand, and the log was not to be asked"
        )


async def _first(
    sources: Sequence[ProofSource], mv: ModuleVersion
) -> ProofAnswer | None:
    """Return the first answer that vouches or accuses, else the last excuse.

    A doubt stays, whoever dispels it.
    """
    excuse: ProofAnswer | None = None
    doubt = ""
    for source in sources:
        try:
            answer = await source.ask(mv)
        except (MalformedError, SecurityError) as exc:
            answer = _accusation(exc)
        if answer is None:
            continue
        doubt = doubt or answer.doubt
        if doubt:
            answer = replace(answer, doubt=doubt)
        if answer.cause is None or answer.cause in {Cause.MISBEHAVED, Cause.UNKNOWN}:
            return answer
        excuse = answer
    return excuse


def _accusation(error: GosyncError) -> ProofAnswer:
    """Return the answer of a source whose own proof does not hold."""
    cause = Cause.MISBEHAVED if isinstance(error, SecurityError) else Cause.UNASKED
    return nobody(cause, str(error), error.failure_class)
