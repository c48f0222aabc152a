"""``need.json``: what a site lacks, and what it has, for a repair bundle. Pure.

::

    {
      "type": "need", "format": 1,
      "target": "enclave-a",
      "applied": {"sequence": 1, "bundle_id": "<64 hex>"},     or null
      "staged": [{"sequence": 3, "bundle_id": "<64 hex>"}],
      "heads": [65209736],
      "versions": [{"path": "rsc.io/quote", "version": "v1.5.2", "need": "zip"}],
      "tiles": true, "selection": false,
      "artifacts": [{"kind": "vulndb", "name": "index/db.json", "digest": "<64 hex>",
                     "size_bytes": 40}],
      "digest": "sha256"
    }

``versions`` are those that the newest staged bundle selects and that are neither in
the site's store nor can be made of what is staged. ``tiles`` says that parts of the
checksum database's tree are missing; whoever answers brings all that is new since
the applied bundle in any case, and what proves that each of ``heads``, the sizes of
the trees that the site or its clients have seen, is a beginning of the new one.
``selection`` says that the site cannot tell what that bundle selects, since its list is
a difference to one that is lost; whoever answers makes a bundle with a whole list.
``artifacts`` are those that the bundle names and that are neither here nor staged.
``digest`` is the algorithm of ids and digests.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from gosync.artifact import Artifact, check_artifact
from gosync.bundle.format.decoding import decode_json
from gosync.bundle.format.header import Known, Size, TargetName
from gosync.catalog.versions import Need
from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.module import OfVersion

FORMAT: Final = 1
MAX_NEED_BYTES: Final = 256 << 20

_Text = Annotated[str, msgspec.Meta(max_length=4096)]


class NeedVersion(OfVersion, msgspec.Struct, frozen=True, kw_only=True):
    """A version that a site lacks.

    Attributes:
        path: The module path.
        version: The version.
        need: How much of it.
    """

    path: _Text
    version: _Text
    need: Need


class NeedFile(msgspec.Struct, frozen=True, kw_only=True, tag="need"):
    """The contents of ``need.json``.

    Attributes:
        format: The file's format.
        target: The site.
        applied: The newest bundle that its tree shows, None before any.
        staged: The bundles that wait in its store, by sequence.
        heads: The sizes of the tree heads that it or its clients know.
        versions: What it lacks.
        tiles: Whether tiles of the checksum database are missing, too.
        selection: Whether it lacks the list of what is selected.
        artifacts: The artifacts that it lacks.
        digest: The algorithm of bundle ids and of digests.
    """

    format: int = FORMAT
    target: TargetName
    applied: Known | None
    staged: tuple[Known, ...] = ()
    heads: Annotated[tuple[Size, ...], msgspec.Meta(max_length=100_000)] = ()
    versions: tuple[NeedVersion, ...] = ()
    tiles: bool = False
    selection: bool = False
    artifacts: tuple[Artifact, ...] = ()
    digest: Literal["sha256"] = "sha256"


_decode = msgspec.json.Decoder(NeedFile).decode


def parse_need(data: bytes) -> NeedFile:
    """Parse what a site lacks.

    Raises:
        MalformedError: It is no need.json, or of a newer format.
    """
    if len(data) > MAX_NEED_BYTES:
        raise MalformedError("need.json", "…", f"larger than {MAX_NEED_BYTES} bytes")
    need = decode_json(_decode, data, "need.json")
    if need.format != FORMAT:
        raise MalformedError("need.json", need.format, "of a newer gosync")
    for each in need.versions:
        module.check(each.path, each.version)
    for artifact in need.artifacts:
        check_artifact(artifact)
    return need


def format_need(need: NeedFile) -> bytes:
    """Return the file's bytes."""
    return msgspec.json.format(msgspec.json.encode(need), indent=2) + b"\n"
