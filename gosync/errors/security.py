"""Errors that are evidence of misbehaviour."""

from __future__ import annotations

from gosync.errors.base import GosyncError
from gosync.hint import Hint


class SecurityError(GosyncError):
    """Evidence that somebody misbehaves; kept, never retried away."""

    exit_code = 6


class SignatureError(SecurityError):
    """No trusted key signed this note."""


class ForkError(SecurityError):
    """Two signed tree heads of one log contradict each other.

    Attributes:
        old_note: The signed tree head that was trusted, as bytes.
        new_note: The signed tree head that contradicts it, as bytes.
        proof: One line each for the hashes that show it.
    """

    failure_class = "sum.fork"

    def __init__(
        self, message: str, *, old_note: bytes, new_note: bytes, proof: tuple[str, ...]
    ) -> None:
        super().__init__(message)
        self.old_note = old_note
        self.new_note = new_note
        self.proof = proof


class RollbackError(SecurityError):
    """A log or a bundle went back behind what was already trusted."""


class TileMismatchError(SecurityError):
    """A tile's hashes do not lead to the signed root.

    Attributes:
        tiles: The paths of the tiles that are known to be wrong.
    """

    failure_class = "sum.forged"

    def __init__(self, message: str, *, tiles: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.tiles = tiles


class RecordMismatchError(SecurityError):
    """A record is not in the signed tree, or lacks the line asked for."""

    failure_class = "sum.absent"


class ChecksumMismatchError(SecurityError):
    """The h1: of what was served differs from what is proven or pinned.

    Attributes:
        want: The h1 that the log or the pin demands.
        got: The h1 of the bytes that were served, or that a go.sum has.
        file: Which file was served, "mod" or "zip" (a ``gomod.filekind.FileKind``);
            "" where none was.
        served_url: Where it was, without secrets.
    """

    failure_class = "sum.sumdb_mismatch"
    file: str = ""
    served_url: str = ""

    def __init__(
        self,
        subject: str,
        *,
        want: str,
        got: str,
        authority: str,
        said: str = "served was",
        hint: Hint | str | None = None,
    ) -> None:
        super().__init__(f"{subject}: {authority} has {want}, {said} {got}", hint=hint)
        self.want = want
        self.got = got
