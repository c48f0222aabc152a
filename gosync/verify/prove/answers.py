"""Answer of a proof source about a module version. Pure."""

from __future__ import annotations

import msgspec

from gosync.verify.verdicts import Cause, Evidence


class ProofAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of a version should be, or why nobody can say.

    Attributes:
        mod_h1: The ``h1:`` of its go.mod, "" if nobody vouches for one.
        zip_h1: The ``h1:`` of its zip, "" if nobody vouches for one.
        evidence: Who says so.
        cause: Why nobody does; None if somebody does.
        reason: The same for people.
        failure_class: The class of failures that this is of, "" for none.
        commit: The commit that it was when it was stored, "" if nobody knows.
        doubt: Why the target's own record of it does not hold, "" if it does.
    """

    mod_h1: str = ""
    zip_h1: str = ""
    evidence: Evidence | None = None
    cause: Cause | None = None
    reason: str = ""
    failure_class: str = ""
    commit: str = ""
    doubt: str = ""

    @property
    def by_record(self) -> bool:
        """Whether a record of the checksum database says so."""
        return self.evidence is not None and self.evidence.record is not None


def nobody(cause: Cause, reason: str, failure_class: str = "") -> ProofAnswer:
    """Return the answer where nobody vouches for a version."""
    return ProofAnswer(cause=cause, reason=reason, failure_class=failure_class)
