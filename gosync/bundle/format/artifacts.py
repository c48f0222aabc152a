r"""Artifact lines of a manifest, and the list of blobs in their segment. Pure.

The manifest names all artifacts that the site is to have, each with its kind, name,
digest and size, whether it travels in this bundle or not. Several may have the same
bytes; these travel once. An artifact segment is::

    recipes    <SHA-256, hex> <size in bytes>\n    ordered by digest
    contents   these bytes, one after the other

A reader that does not know a kind skips its artifacts and counts them, so a new kind
of content needs nothing of ``requires``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gosync.artifact import KNOWN_KINDS, MAX_ARTIFACT_BYTES, Artifact
from gosync.bundle.format.header import Size
from gosync.errors import MalformedError

MAX_BLOB_LIST_BYTES = 64 << 20

_LINE = re.compile(rb"([0-9a-f]{64}) (0|[1-9][0-9]{0,9})")


class ArtifactEntry(Artifact, frozen=True, kw_only=True, tag="artifact"):
    """An artifact that the site is to have.

    Attributes:
        segment: The index of the segment in which it travels, None if it does not.
    """

    segment: Size | None = None


class Blob(NamedTuple):
    """An artifact's bytes; several artifacts may have the same.

    Attributes:
        digest: Their SHA-256, hex.
        size_bytes: Their size.
    """

    digest: str
    size_bytes: int


def format_blobs(blobs: Iterable[Blob]) -> bytes:
    """Return the recipes frame of an artifact segment."""
    return b"".join(b"%b %d\n" % (each.digest.encode(), each[1]) for each in blobs)


def parse_blobs(data: bytes) -> list[Blob]:
    """Parse the recipes frame of an artifact segment.

    Raises:
        MalformedError: it is none, or out of order.
    """
    blobs: list[Blob] = []
    for line in data.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or int(match[2]) > MAX_ARTIFACT_BYTES:
            raise MalformedError("artifact segment", line, "want digest and size")
        blob = Blob(match[1].decode(), int(match[2]))
        if blobs and blobs[-1].digest >= blob.digest:
            raise MalformedError("artifact segment", blob.digest, "out of order")
        blobs.append(blob)
    return blobs


def known_artifacts(entries: Iterable[ArtifactEntry]) -> list[ArtifactEntry]:
    """Return the artifacts of kinds that this gosync knows."""
    return [entry for entry in entries if entry.kind in KNOWN_KINDS]


def skipped_artifacts(entries: Iterable[ArtifactEntry]) -> Mapping[str, int]:
    """Return how many artifacts are of kinds that it does not know, by kind."""
    kinds = (entry.kind for entry in entries if entry.kind not in KNOWN_KINDS)
    return dict(sorted(Counter(kinds).items()))
