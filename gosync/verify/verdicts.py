"""Verdicts on stored files: findings, their evidence, exit codes. Pure.

Exit codes, the first that holds:

- 6: the checksum database, or what calls itself so, was caught misbehaving: a
  signature, a fork, a forged tile. It says something about the log, and nothing
  that rests on it can be believed.
- 4: something was found and remains; a polluted file is a finding of the cache,
  not of the log, so it is here.
- 75: nothing was found, but the log could not be asked about something.
- 5: everything that was found was repaired, moved aside or deleted, as asked.
- 0: nothing was found. Private modules that nothing vouches for do not count.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from gosync.errors import SecurityError, UnavailableError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.tlog import Tree
from gosync.text import shown

EXIT_FOUND: Final = 4
EXIT_REPAIRED: Final = 5
EXIT_SECURITY: Final = SecurityError.exit_code
EXIT_UNAVAILABLE: Final = UnavailableError.exit_code


class Verdict(StrEnum):
    """The verdict on a file; the gravest first.

    Attributes:
        POLLUTED: Whole, but its h1 is not the one that is vouched for.
        CORRUPT: Its bytes, its name or its kind are broken.
        INCOMPLETE: Something is there that is no use without what is missing.
        STALE: A list or an .info does not tell the truth, any more.
        ORPHAN: Nothing explains why it is there.
        UNVERIFIABLE: Nothing vouches for it; the cause says why.
        OK: Proven, or as it should be.
    """

    POLLUTED = "polluted"
    CORRUPT = "corrupt"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    ORPHAN = "orphan"
    UNVERIFIABLE = "unverifiable"
    OK = "ok"


class Cause(StrEnum):
    """Why something could not be verified.

    Attributes:
        PRIVATE: No database knows the module, and nothing else vouches for it.
        UNKNOWN: The log says that it knows no such version.
        UNASKED: The log could not be asked.
        MISBEHAVED: The log's answer did not hold.
        UNPROVEN: The record that is kept here does not hold.
        UNREADABLE: The file could not be read.
    """

    PRIVATE = "private"
    UNKNOWN = "unknown to the log"
    UNASKED = "the log could not be asked"
    MISBEHAVED = "the log's answer does not hold"
    UNPROVEN = "the record that is kept does not hold"
    UNREADABLE = "could not be read"


class Fix(StrEnum):
    """What would make it good.

    Attributes:
        FETCH: Other bytes, from an upstream.
        REWRITE: It follows from what else is there.
        ACCESS: Its mode or owner.
        DROP: Its removal.
        NOTHING: Nothing that can be done here.
    """

    FETCH = "fetch"
    REWRITE = "rewrite"
    ACCESS = "access"
    DROP = "drop"
    NOTHING = "nothing"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Who vouches for an h1.

    Attributes:
        source: Who says so: a database, a tree, the catalog, a go.sum.
        record: The record's number in the log, or None.
        tree_size: The size of the signed tree that it was proven in, or None.
        tree_hash: That tree's root, base64, or "".
    """

    source: str
    record: int | None = None
    tree_size: int | None = None
    tree_hash: str = ""

    @classmethod
    def of_tree(cls, source: str, record: int | None, tree: Tree) -> Evidence:
        """Return the evidence of a record that was proven in a signed tree."""
        return cls(
            source=source,
            record=record,
            tree_size=tree.n,
            tree_hash=b64encode(tree.hash).decode(),
        )

    def __str__(self) -> str:
        text = self.source
        if self.record is not None:
            text += f", record {self.record}"
        if self.tree_size is not None:
            text += f" in the signed tree of {self.tree_size}"
        return text


class CacheFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it should be.

    Attributes:
        verdict: What it is; never OK.
        path: Where, relative to the target.
        mv: The module version that it belongs to, "" where there is none.
        reason: What is the matter.
        expected: What it should have: an h1, a digest, a version.
        found: What it has.
        evidence: Who says what was expected.
        cause: Why it is unverifiable.
        fix: What would make it good.
        failure_class: The class of failures of gosync.diagnose that it is of, "" for
            none.
    """

    verdict: Verdict
    path: str
    reason: str
    mv: ModuleVersion | None = None
    expected: str = ""
    found: str = ""
    evidence: Evidence | None = None
    cause: Cause | None = None
    fix: Fix = Fix.NOTHING
    failure_class: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is something that remains until somebody acts."""
        return self.cause not in {Cause.PRIVATE, Cause.UNASKED, Cause.MISBEHAVED}


def severity(finding: CacheFinding) -> tuple[int, str, str]:
    """Return a key that sorts the gravest first."""
    rank = list(Verdict).index(finding.verdict)
    return rank, str(finding.mv or ""), finding.path


def exit_code_of(
    findings: Iterable[CacheFinding], *, handled: int = 0, misbehaved: bool = False
) -> int:
    """Return the exit code for what remains; see the module's text.

    Args:
        findings: What remains.
        handled: How many things were done about findings.
        misbehaved: Whether the log was caught.
    """
    if misbehaved:
        return EXIT_SECURITY
    remaining = list(findings)
    if any(each.counts for each in remaining):
        return EXIT_FOUND
    if any(each.cause is Cause.UNASKED for each in remaining):
        return EXIT_UNAVAILABLE
    return EXIT_REPAIRED if handled else 0


class CacheFindingReport(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as JSON, its strings as any encoder takes them.

    Attributes:
        verdict: As in CacheFinding.
        file: Where, relative to the target.
        path: The module path that it is of, "" for none.
        version: Its version.
        reason: As in CacheFinding.
        expected: As there.
        found: As there.
        source: Who says what was expected, None for nobody.
        record: The record's number in the log, or None.
        tree_size: The size of the signed tree that it was proven in, or None.
        tree_hash: That tree's root, base64, or None.
        cause: As in CacheFinding.
        fix: As there.
    """

    verdict: Verdict
    file: str
    path: str
    version: str
    reason: str
    expected: str
    found: str
    source: str | None
    record: int | None
    tree_size: int | None
    tree_hash: str | None
    cause: Cause | None
    fix: Fix

    @classmethod
    def of(cls, finding: CacheFinding) -> CacheFindingReport:
        """Return what is told of a finding."""
        mv, evidence = finding.mv, finding.evidence
        return CacheFindingReport(
            verdict=finding.verdict,
            file=shown(finding.path),
            path=shown(mv.path) if mv else "",
            version=shown(mv.version) if mv else "",
            reason=shown(finding.reason),
            expected=shown(finding.expected),
            found=shown(finding.found),
            source=shown(evidence.source) if evidence else None,
            record=evidence.record if evidence else None,
            tree_size=evidence.tree_size if evidence else None,
            tree_hash=evidence.tree_hash or None if evidence else None,
            cause=finding.cause,
            fix=finding.fix,
        )
