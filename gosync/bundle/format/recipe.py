r"""Recipes: a zip's entries with their SHA-256, the lines that h1 hashes. Pure.

One line an entry, ordered by the bytes of its name::

    <SHA-256 of the contents, hex> <size in bytes, decimal> <name>\n

Names are below ``path@version/``; a folder's ends in a slash. A recipe and the
module version give the h1 (``h1_of``). Where contents travel for one line alone, the
line has ``-`` instead of their SHA-256: who reads them learns it from them, and 32
bytes that nothing compresses, a hundredth of a bundle, stay at home.

A zip that has no recipe: with an entry outside of ``path@version/``, or with one
name twice. Such a zip, and any zip that must keep its bytes, travels *verbatim*:
its recipe has the single line ``VERBATIM_NAME``, and h1_of does not apply.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from gosync.errors import MalformedError
from gosync.gomod.dirhash import FileDigest, hash1
from gosync.gomod.module import ModuleVersion
from gosync.gomod.zipcheck import MAX_ZIP_BYTES
from gosync.gomod.zipdir import MAX_ENTRIES

VERBATIM_NAME = b".zip"  # a block says of each recipe whether it is such a one

_UNTOLD = b"-"
_LINE = re.compile(rb"([0-9a-f]{64}|-) (0|[1-9][0-9]{0,9}) ([^\n]*)\n")
LINE_BYTES = 77  # of a line at most, without its name
EMPTY = hashlib.sha256(b"").hexdigest()


class RecipeLine(NamedTuple):
    """One entry of a zip; tuples sort by name.

    Attributes:
        name: Its name below ``path@version/``.
        digest: The SHA-256 of its contents, hex; "" if it is not told.
        size_bytes: Their size.
    """

    name: bytes
    digest: str
    size_bytes: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder's entry, which has no contents."""
        return not self.name or self.name.endswith(b"/")


def recipe_of(
    mv: ModuleVersion, files: Sequence[FileDigest]
) -> tuple[RecipeLine, ...] | None:
    """Return the recipe of a zip with these entries, None if it has none.

    Equal digests are one string, as a module's versions have many in common.
    """
    prefix = f"{mv}/".encode()
    lines = sorted(
        RecipeLine(
            file.name.removeprefix(prefix), sys.intern(file.digest), file.size_bytes
        )
        for file in files
        if file.name.startswith(prefix)
    )
    strays = len(files) - len(lines)
    if strays or any(a.name == b.name for a, b in pairwise(lines)):
        return None
    return tuple(lines)


def verbatim_recipe(digest: str, size_bytes: int) -> tuple[RecipeLine, ...]:
    """Return the recipe of a zip that travels as it is."""
    return (RecipeLine(VERBATIM_NAME, digest, size_bytes),)


def h1_of(mv: ModuleVersion, lines: Iterable[RecipeLine]) -> str:
    """Return the ``h1:`` of the zip that these lines describe, all of them told."""
    prefix = f"{mv}/".encode()
    return hash1((prefix + line.name, line.digest) for line in lines)


def format_recipe(lines: Iterable[RecipeLine], untold: Collection[str] = ()) -> bytes:
    """Return the bytes of a recipe.

    Args:
        lines: Its lines.
        untold: Digests that are left out.
    """
    return b"".join(
        b"%b %d %b\n"
        % (
            _UNTOLD if digest in untold else digest.encode() or _UNTOLD,
            size_bytes,
            name,
        )
        for name, digest, size_bytes in lines
    )


def parse_recipe(data: bytes) -> tuple[RecipeLine, ...]:
    """Parse a recipe.

    Raises:
        MalformedError: it is none, is out of order, or describes more than a module
            zip may have.
    """
    lines: list[RecipeLine] = []
    at = 0
    while at < len(data):
        match = _LINE.match(data, at)
        if match is None:
            raise _malformed(f"line {len(lines) + 1} is none")
        if len(lines) == MAX_ENTRIES:
            raise _malformed(f"more than {MAX_ENTRIES} lines")
        at = match.end()
        digest = "" if match[1] == _UNTOLD else match[1].decode()
        lines.append(RecipeLine(match[3], digest, int(match[2])))
    _check_lines(lines)
    return tuple(lines)


def _check_lines(lines: list[RecipeLine]) -> None:
    if sum(line.size_bytes for line in lines) > MAX_ZIP_BYTES:
        raise _malformed(f"contents of more than {MAX_ZIP_BYTES} bytes")
    if any(before.name >= after.name for before, after in pairwise(lines)):
        raise _malformed("its lines are out of order")
    for line in lines:
        if (line.is_folder or not line.size_bytes) and (
            line.size_bytes or line.digest != EMPTY
        ):
            raise _malformed(f"{line.name!r} is empty, its digest is not")


def _malformed(reason: str) -> MalformedError:
    return MalformedError("bundle recipe", "", reason)
