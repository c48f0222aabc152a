"""``receipt.json``: what a site says after it took a bundle in. Pure.

::

    {
      "type": "receipt", "format": 1,
      "target": "enclave-a", "sequence": 3, "bundle_id": "<64 hex>",
      "applied_at": "2026-11-25T02:30:00.000000Z",
      "versions": 412, "head": {"name": "sum.golang.org", "size": 65209736},
      "signed_by": [{"name": "packer", "kind": "ed25519", "fingerprint": "SHA256:…"}],
      "came": [{"sequence": 1, "bundle_id": "<64 hex>"}, ...],
      "gosync": "0.1.0", "digest": "sha256",
      "reads": {"format": 1, "requires": ["withdrawals"], "artifacts": ["vulndb"]},
      "artifacts": 311, "skipped": {"sbom": 2}
    }

``came`` are the bundles that came in, that one and those before it, the newest
MAX_CAME of them. One that outside has sealed before and that is not among them was
lost on its way.

``reads`` is what the gosync that wrote it can take; the next bundles are written for
it. ``artifacts`` is how many artifacts the site has, ``skipped`` how many of the
bundle's were of a kind that it does not know. ``digest`` is the algorithm of
``bundle_id``.

It travels back by hand and is not signed: a false one makes the next bundle build
on what the site lacks, which the site notices, and need.json repairs.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from gosync.artifact import ArtifactKind
from gosync.bundle.format.decoding import decode_json, decode_time
from gosync.bundle.format.features import ReaderFeatures
from gosync.bundle.format.header import HexDigest, Known, Size, TargetName
from gosync.errors import MalformedError

FORMAT: Final = 1
MAX_RECEIPT_BYTES: Final = 1 << 20
MAX_CAME: Final = 1000

_Text = Annotated[str, msgspec.Meta(max_length=200)]
_Digest = Literal["sha256"]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The size of the tree head that the site trusts.

    Attributes:
        name: The checksum database.
        size: How many records its tree has.
    """

    name: _Text
    size: Size


class ReceiptSigner(msgspec.Struct, frozen=True, kw_only=True):
    """A key whose signature counted.

    Attributes:
        name: Its name in the site's trust file.
        fingerprint: Its fingerprint.
        kind: The kind of key, which is the algorithm; "" where nobody says.
    """

    name: _Text
    fingerprint: _Text
    kind: _Text = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """The contents of ``receipt.json``.

    Attributes:
        format: The receipt's format.
        target: The site.
        sequence: The bundle's sequence.
        bundle_id: The bundle.
        applied_at: When the site's tree came to show it.
        versions: How many versions the site has now, whole.
        head: The tree head that it trusts, None without a database.
        signed_by: The keys that it trusted.
        gosync: The version of gosync that wrote it.
        came: The bundles that came in, by sequence.
        digest: The algorithm of bundle ids.
        reads: What the gosync that wrote it can read; None of one before 0.1.0.
        artifacts: How many artifacts the site has.
        skipped: How many artifacts of that bundle it skipped, by kind.
    """

    format: int = FORMAT
    target: TargetName
    sequence: Annotated[int, msgspec.Meta(ge=1)]
    bundle_id: HexDigest
    applied_at: _Text
    versions: Size
    head: Head | None
    signed_by: tuple[ReceiptSigner, ...] = ()
    gosync: _Text
    came: Annotated[tuple[Known, ...], msgspec.Meta(max_length=MAX_CAME)] = ()
    digest: _Digest = "sha256"
    reads: ReaderFeatures | None = None
    artifacts: Size = 0
    skipped: Annotated[dict[ArtifactKind, Size], msgspec.Meta(max_length=1000)] = {}


_decode = msgspec.json.Decoder(Receipt).decode


def parse_receipt(data: bytes) -> Receipt:
    """Parse a receipt.

    Raises:
        MalformedError: It is none, or of a newer format.
    """
    if len(data) > MAX_RECEIPT_BYTES:
        raise MalformedError("receipt", "…", f"larger than {MAX_RECEIPT_BYTES} bytes")
    receipt = decode_json(_decode, data, "receipt")
    if receipt.format != FORMAT:
        raise MalformedError("receipt", receipt.format, "of a newer gosync")
    decode_time(receipt.applied_at, "receipt")
    return receipt


def format_receipt(receipt: Receipt) -> bytes:
    """Return a receipt's bytes."""
    return msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n"
