"""DSSE envelope: a payload and what signed it and its type. Pure.

Of secure-systems-lab/dsse, protocol v1::

    {"payloadType": "application/vnd.in-toto+json",
     "payload": "BASE64",
     "signatures": [{"keyid": "...", "sig": "BASE64"}]}

Signed is not the payload but ``DSSEv1 LEN TYPE LEN PAYLOAD``: ECDSA P-256 in ASN.1 DER
over its SHA-256, Ed25519 over the bytes. ``keyid`` is a hint of who signed, and is not
believed. The envelope stands by itself or in a sigstore bundle, as ``dsseEnvelope``
beside ``verificationMaterial``; the second form is what is written.
"""

from __future__ import annotations

import base64
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError
from gosync.signing.sigstore import KNOWN_TYPES, MEDIA_TYPE
from gosync.signing.wire import decode_base64

IN_TOTO: Final = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES: Final = 1 << 20

_WHAT: Final = "DSSE envelope"
_MAX_SIGNATURES: Final = 100
_Text = Annotated[str, msgspec.Meta(max_length=8192)]


class _Signature(msgspec.Struct, omit_defaults=True):
    sig: _Text
    keyid: _Text | None = None


class _Envelope(msgspec.Struct, rename="camel"):
    payload: str
    payload_type: _Text
    signatures: Annotated[
        list[_Signature], msgspec.Meta(min_length=1, max_length=_MAX_SIGNATURES)
    ]


class _Bundle(msgspec.Struct, rename="camel"):
    media_type: _Text = ""
    dsse_envelope: _Envelope | None = None


class Envelope(msgspec.Struct, frozen=True):
    """An envelope.

    Attributes:
        payload_type: What the payload is.
        payload: Its bytes.
        signatures: The signatures, of one or more keys.
    """

    payload_type: str
    payload: bytes
    signatures: tuple[bytes, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What each key must have signed."""
        return signed_bytes(self.payload_type, self.payload)


def signed_bytes(payload_type: str, payload: bytes) -> bytes:
    """Return what a key signs for a payload of a type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def format_envelope(envelope: Envelope, *, key_digest: bytes) -> bytes:
    """Return the sigstore bundle of an envelope, with a newline at its end.

    Args:
        envelope: The envelope.
        key_digest: The SHA-256 of the signing key's SubjectPublicKeyInfo.
    """
    signatures = [{"sig": _base64(each)} for each in envelope.signatures]
    document = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": _base64(key_digest)}},
        "dsseEnvelope": {
            "payload": _base64(envelope.payload),
            "payloadType": envelope.payload_type,
            "signatures": signatures,
        },
    }
    return msgspec.json.encode(document) + b"\n"


def parse_envelope(data: bytes) -> Envelope:
    """Return the envelope in a sigstore bundle, or by itself.

    Raises:
        MalformedError: There is none, or it is too large.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise MalformedError(_WHAT, repr(data[:40]), "too large")
    try:
        bundle = msgspec.json.decode(data, type=_Bundle)
        found = bundle.dsse_envelope
        if found is None and not bundle.media_type:
            found = msgspec.json.decode(data, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedError(_WHAT, repr(data[:40]), str(exc)) from None
    if bundle.media_type and bundle.media_type not in KNOWN_TYPES:
        raise MalformedError(_WHAT, bundle.media_type, "of an unknown version")
    if found is None:
        raise MalformedError(_WHAT, "dsseEnvelope", "there is none")
    return Envelope(
        found.payload_type,
        decode_base64(_WHAT, found.payload.encode()),
        tuple(decode_base64(_WHAT, each.sig.encode()) for each in found.signatures),
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
