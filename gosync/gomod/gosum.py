"""go.sum and go.work.sum: the hashes a main module has seen.

One line each, of three words::

    path version hash            the zip
    path version/go.mod hash     the go.mod alone

Blank lines are skipped. A hash is ``h1:`` and base64, or of an algorithm yet to
come, which is kept. There may be lines for versions no longer in use: go.sum is
no lock file. The hash of an empty go.mod is a trace of an old bug, and dropped
as Go drops it. Limits: 16 MiB, and a path or version that ``go`` can store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import msgspec

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.lengths import check_lengths
from gosync.gomod.module import ModuleVersion, OfVersion, canonical_version, check

MAX_GO_SUM_BYTES = 16 << 20

_WORDS = 3
_MAX_HASH = 1000  # h1: has 47 characters; room for what is to come
_GO_MOD = "/go.mod"
_H1 = "h1:"
_EMPTY_GO_MOD = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY="


class SumLine(OfVersion, msgspec.Struct, frozen=True, order=True):
    """One line; prints as it stands in go.sum, without the newline.

    Attributes:
        path: The module path, as written.
        version: The version, as written but without ``/go.mod``.
        is_mod: Whether the hash is that of the go.mod alone.
        hash: The hash with its algorithm.
    """

    path: str
    version: str
    is_mod: bool
    hash: str

    def __str__(self) -> str:
        return f"{self.path} {self.version}{_GO_MOD * self.is_mod} {self.hash}"


@dataclass(frozen=True)
class GoSum:
    """The lines of one or more go.sum files.

    Attributes:
        lines: In the order of the files.
    """

    lines: tuple[SumLine, ...] = ()

    def h1(self, path: str, version: str, *, is_mod: bool) -> str | None:
        """Return the ``h1:`` of a zip or a go.mod, or None."""
        return self._h1s.get((path, version, is_mod))

    @cached_property
    def _h1s(self) -> dict[tuple[str, str, bool], str]:
        return {
            (line.path, line.version, line.is_mod): line.hash
            for line in reversed(self.lines)
            if line.hash.startswith(_H1)
        }


def parse_gosum(data: bytes) -> GoSum:
    """Parse a go.sum.

    Raises:
        MalformedError: A line has not three words, or too long ones.
        TooLargeError: More than 16 MiB.
    """
    if len(data) > MAX_GO_SUM_BYTES:
        raise TooLargeError("go.sum", limit_bytes=MAX_GO_SUM_BYTES)
    text = data.decode("utf-8", "surrogateescape")
    rows = enumerate(text.split("\n"), start=1)
    lines = (_parse_row(number, row) for number, row in rows if row.strip())
    return GoSum(tuple(line for line in lines if line.hash != _EMPTY_GO_MOD))


def _parse_row(number: int, row: str) -> SumLine:
    words = row.split()
    if len(words) != _WORDS:
        raise MalformedError("go.sum", f"line {number}", "must be three words")
    path, version, digest = words
    if len(digest) > _MAX_HASH:
        raise MalformedError("go.sum", f"line {number}", "the hash is too long")
    is_mod = version.endswith(_GO_MOD)
    version = version.removesuffix(_GO_MOD)
    try:
        check_lengths(path, version)
    except MalformedError as exc:
        raise MalformedError("go.sum", f"line {number}", exc.reason) from exc
    return SumLine(path, version, is_mod, digest)


def named_by(sums: GoSum) -> Iterator[tuple[ModuleVersion, SumLine]]:
    """Yield the module versions that go.sum lines name.

    Lines that name none which could be asked of a proxy are left out: go.sum is
    no lock file, and go looks at no line but those it needs.
    """
    for line in sums.lines:
        try:
            check(line.path, line.version)
        except MalformedError:
            continue
        if canonical_version(line.version) == line.version:
            yield line.mv, line
