"""Artifacts: named files that are carried beside module versions. Pure.

An artifact is a kind, a name within that kind, and the SHA-256 and size of its bytes::

    vulndb     a file of Go's vulnerability database, as its layout names it:
               ``index/modules.json``, ``ID/GO-2024-0001.json``
    document   a document for people, or for their tools

A kind is 1 to 32 of ``[a-z0-9-]``. A name is a relative path of elements of
``[A-Za-z0-9._+~@=!-]``, none of which begins with a dot, so that it is a plain file
below its kind's folder on every file system; 1024 bytes at most.

What a later gosync carries beside modules is a new kind: one that does not know it
skips it, and says how many it skipped. The store and the journal keep any kind; to
know one is to take it in from bundles and to have a place for it in the tree.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

VULNDB: Final = "vulndb"
DOCUMENT: Final = "document"
# Documents: what was asked for and decided, in English and in Chinese.
REQUESTS_PAGES: Final = ("requests.html", "requests.zh.html")
KNOWN_KINDS: Final = frozenset({VULNDB, DOCUMENT})

MAX_ARTIFACT_BYTES: Final = 1 << 30
_MAX_NAME_BYTES: Final = 1024
_KIND_PATTERN: Final = "^[a-z0-9-]{1,32}$"
_ELEMENT: Final = "[A-Za-z0-9_+~@=!-][A-Za-z0-9._+~@=!-]{0,199}"
_NAME = compile_on_use(f"{_ELEMENT}(/{_ELEMENT})*")

ArtifactKind = Annotated[str, msgspec.Meta(pattern=_KIND_PATTERN)]
_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Size = Annotated[int, msgspec.Meta(ge=0, le=MAX_ARTIFACT_BYTES)]


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact.

    Attributes:
        kind: What it is.
        name: Its name, within its kind.
        digest: The SHA-256 of its bytes, hex.
        size_bytes: Their size.
    """

    kind: ArtifactKind
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_NAME_BYTES)]
    digest: _Digest
    size_bytes: _Size

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.kind, self.name

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def check_artifact(artifact: Artifact) -> None:
    """Check what types alone do not say of an artifact.

    Raises:
        MalformedError: its kind or its name is none.
    """
    if re.fullmatch(_KIND_PATTERN, artifact.kind) is None:
        raise MalformedError("artifact kind", artifact.kind, "1 to 32 of [a-z0-9-]")
    check_artifact_name(artifact.name)


def check_artifact_name(name: str) -> None:
    """Check that a name is a plain relative path.

    Raises:
        MalformedError: it is none.
    """
    if len(name) > _MAX_NAME_BYTES or _NAME.fullmatch(name) is None:
        raise MalformedError("artifact name", name, "want a plain relative path")
