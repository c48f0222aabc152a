"""Sigstore bundle: one signature in JSON, as ``cosign`` 3 writes and reads it. Pure.

Of the format (protobuf-specs of sigstore, media type v0.3) this is what a key makes
without a certificate and without a log::

    {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
     "verificationMaterial": {"publicKey": {"hint": "BASE64"}},
     "messageSignature": {
       "messageDigest": {"algorithm": "SHA2_256", "digest": "BASE64"},
       "signature": "BASE64"}}

The hint is the SHA-256 of the key's SubjectPublicKeyInfo. The signature is ASN.1 DER
over the message's SHA-256 for ECDSA P-256, and 64 bytes over the message itself for
Ed25519. For that cosign leaves ``messageDigest`` empty, and then refuses its own file:
here it is always told, and need not be. Entries of a log are left
aside: a trust file says whose keys count, and there is nobody to ask behind a gap.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError
from gosync.signing.wire import decode_base64

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
SUFFIX: Final = ".sigstore.json"

_WHAT: Final = "sigstore bundle"
_ALGORITHM: Final = "SHA2_256"
KNOWN_TYPES: Final = frozenset(
    {
        MEDIA_TYPE,
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
    }
)
_Text = Annotated[str, msgspec.Meta(max_length=8192)]


class _Hint(msgspec.Struct):
    hint: _Text = ""


class _Material(msgspec.Struct, rename="camel"):
    public_key: _Hint | None = None


class _Digest(msgspec.Struct):
    algorithm: _Text = ""
    digest: _Text = ""


class _Signature(msgspec.Struct, rename="camel"):
    signature: _Text
    message_digest: _Digest | None = None


class _Bundle(msgspec.Struct, rename="camel"):
    media_type: _Text
    verification_material: _Material
    message_signature: _Signature | None = None


class SigstoreSignature(msgspec.Struct, frozen=True):
    """What a sigstore bundle says.

    Attributes:
        signature: The signature.
        key_digest: The SHA-256 that names the key, b"" where it names none.
        message_digest: The SHA-256 of what was signed, b"" where it does not say.
    """

    signature: bytes
    key_digest: bytes
    message_digest: bytes

    def is_of(self, message: bytes) -> bool:
        """Return whether it may be of a message, by the digest that it names."""
        named = self.message_digest
        return not named or named == hashlib.sha256(message).digest()


def is_sigstore(data: bytes) -> bool:
    """Return whether a signature's file is one of this form: JSON."""
    return data.lstrip()[:1] == b"{"


def format_sigstore(signature: bytes, *, key_digest: bytes, message: bytes) -> bytes:
    """Return the file of a signature, with a newline at its end.

    Args:
        signature: The signature.
        key_digest: The SHA-256 of the key's SubjectPublicKeyInfo.
        message: What was signed.
    """
    digest = _Digest(_ALGORITHM, _base64(hashlib.sha256(message).digest()))
    bundle = _Bundle(
        MEDIA_TYPE,
        _Material(_Hint(_base64(key_digest))),
        _Signature(_base64(signature), digest),
    )
    return msgspec.json.encode(bundle) + b"\n"


def parse_sigstore(data: bytes) -> SigstoreSignature:
    """Return what such a file says; the inverse of ``format_sigstore``.

    Raises:
        MalformedError: It is none, of another version, or made with a certificate.
    """
    try:
        bundle = msgspec.json.decode(data, type=_Bundle)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedError(_WHAT, repr(data[:40]), str(exc)) from None
    if bundle.media_type not in KNOWN_TYPES:
        raise MalformedError(_WHAT, bundle.media_type, "of an unknown version")
    key, signed = bundle.verification_material.public_key, bundle.message_signature
    if key is None:
        raise MalformedError(_WHAT, "certificate", "made with one, and not with a key")
    if signed is None:
        raise MalformedError(_WHAT, "messageSignature", "there is none")
    digest = signed.message_digest or _Digest()
    if digest.digest and digest.algorithm != _ALGORITHM:
        raise MalformedError(_WHAT, digest.algorithm, f"not {_ALGORITHM}")
    return SigstoreSignature(
        decode_base64(_WHAT, signed.signature.encode()),
        decode_base64(_WHAT, key.hint.encode()),
        decode_base64(_WHAT, digest.digest.encode()),
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
