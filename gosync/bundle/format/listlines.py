"""Manifest lines of a list that travels as a difference. Pure.

A manifest with a ``list`` line tells of versions and artifacts only what its base, an
earlier bundle's manifest, does not say: ``version`` and ``artifact`` lines that are new
or changed or travel, ``gone`` and ``dropped`` lines for those that are no more::

    {"type":"list","base":"<64 hex>","digest":"<64 hex>","versions":10000,"artifacts":0}
    {"type":"gone","path":"example.com/m","version":"v1.0.0"}
    {"type":"dropped","kind":"vulndb","name":"ID/GO-2021-0113.json"}

``selectionlist`` makes the whole list of it. The header requires a reader that can.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from gosync.artifact import ArtifactKind
from gosync.bundle.format.header import HexDigest, Size
from gosync.gomod.module import OfVersion

_Text = Annotated[str, msgspec.Meta(max_length=4096)]


class ListBase(msgspec.Struct, frozen=True, kw_only=True, tag="list"):
    """What the list is a difference to.

    Attributes:
        base: The id of the bundle whose list it is.
        digest: The SHA-256 of the whole list, as ``selectionlist`` writes it.
        versions: How many versions the whole list has.
        artifacts: How many artifacts it has.
    """

    base: HexDigest
    digest: HexDigest
    versions: Size
    artifacts: Size


class GoneEntry(OfVersion, msgspec.Struct, frozen=True, kw_only=True, tag="gone"):
    """A version that the base's list has, and this one has not.

    Attributes:
        path: The module path.
        version: The canonical version.
    """

    path: _Text
    version: _Text


class DroppedEntry(msgspec.Struct, frozen=True, kw_only=True, tag="dropped"):
    """An artifact that the base's list has, and this one has not.

    Attributes:
        kind: Its kind.
        name: Its name within the kind.
    """

    kind: ArtifactKind
    name: _Text

    @property
    def key(self) -> tuple[str, str]:
        """Its kind and name, which no other has."""
        return self.kind, self.name
