r"""Keys: Ed25519 as OpenSSH keeps them, and ECDSA P-256 in PEM. Pure.

    kind        secret key                      public key
    ed25519     OpenSSH's own file              ssh-ed25519 AAAA… comment
    ecdsa-p256  PKCS #8 in PEM                  SubjectPublicKeyInfo in PEM

and what they make of a message:

    ed25519     SSHSIG (``sshsig``)
    ecdsa-p256  standard base64, on one line with a newline, of the ASN.1 DER
                signature over the message's SHA-256: the file that ``cosign
                verify-blob --key KEY --signature FILE MESSAGE`` takes, KEY being
                the public key's file; its own name does not matter. ``openssl dgst
                -sha256 -verify KEY -signature FILE`` takes it after ``base64 -d``

Either can be written as a sigstore bundle as well (``sigstore``), the form of cosign 3.
No transparency log has such a signature, and there is none to ask behind a gap: cosign
is told so since its version 2 (``--insecure-ignore-tlog``).

Of secret keys with a passphrase those are read that cosign encrypted (``cosignkey``),
with the passphrase of its variable. The owner of another one signs by hand, with
``ssh-keygen -Y sign``, and adds the file to the bundle.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256

from gosync.errors import MalformedError, UsageError
from gosync.hint import advise, command
from gosync.signing import cosignkey, sigstore, sshsig
from gosync.signing.wire import decode_base64, format_strings

MAX_KEY_BYTES: Final = 16_384
MAX_SIGNATURE_BYTES: Final = 16_384

_PUBLIC: Final = "public key"
_SIGN_BY_HAND: Final = (
    "sign by hand, `ssh-keygen -Y sign -n gosync-bundle -f KEY bundle.json`,"
    " or use a key without a passphrase that only this user can read"
)
_Secret: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
_Public: TypeAlias = Ed25519PublicKey | ec.EllipticCurvePublicKey


class KeyKind(StrEnum):
    """The two kinds of keys."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures.

    Attributes:
        kind: Its kind.
        data: The key itself: 32 bytes, or a SubjectPublicKeyInfo in DER.
    """

    kind: KeyKind
    data: bytes
    _key: _Public = field(compare=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and base64, of an SSH key what ``ssh-keygen -l`` shows."""
        blob = self.data
        if self.kind is KeyKind.ED25519:
            blob = format_strings(sshsig.KEY_TYPE, self.data)
        encoded = base64.b64encode(hashlib.sha256(blob).digest())
        return f"SHA256:{encoded.decode().rstrip('=')}"

    @property
    def digest(self) -> bytes:
        """The SHA-256 of its SubjectPublicKeyInfo, by which sigstore names a key."""
        der = self._key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(der).digest()

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Report whether a signature's file is one of ``message`` by this key.

        Raises:
            MalformedError: The file is no signature of this kind.
        """
        if sigstore.is_sigstore(signature):
            told = sigstore.parse_sigstore(signature)
            return told.is_of(message) and self.verify_plain(message, told.signature)
        if isinstance(self._key, Ed25519PublicKey):
            parsed = sshsig.parse_signature(signature)
            if parsed.public_key != self.data:
                return False
            return _verifies_ed25519(self._key, parsed, message)
        return _verifies_ecdsa(
            self._key, decode_base64("signature", signature), message
        )

    def verify_plain(self, message: bytes, signature: bytes) -> bool:
        """Report whether a signature is one of ``message``: DER, or 64 bytes."""
        if isinstance(self._key, ec.EllipticCurvePublicKey):
            return _verifies_ecdsa(self._key, signature, message)
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key that signs.

    Attributes:
        kind: Its kind.
    """

    kind: KeyKind
    _key: _Secret = field(repr=False)

    def public(self) -> PublicKey:
        """Return the key that checks what this one signs."""
        return _public_key(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the file of a detached signature of the message."""
        if isinstance(self._key, Ed25519PrivateKey):
            signature = self._key.sign(sshsig.signed_bytes(message))
            return sshsig.format_signature(self.public().data, signature)
        return base64.b64encode(self.sign_plain(message)) + b"\n"

    def sign_sigstore(self, message: bytes) -> bytes:
        """Return the file of a sigstore bundle of the message."""
        digest, signed = self.public().digest, self.sign_plain(message)
        return sigstore.format_sigstore(signed, key_digest=digest, message=message)

    def sign_plain(self, message: bytes) -> bytes:
        """Return a signature of the message: DER of ECDSA, or 64 bytes of Ed25519."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        return self._key.sign(message, ec.ECDSA(SHA256()))


def generate_key(kind: KeyKind) -> SecretKey:
    """Return a new random key."""
    if kind is KeyKind.ED25519:
        return SecretKey(kind, Ed25519PrivateKey.generate())
    return SecretKey(kind, ec.generate_private_key(ec.SECP256R1()))


def format_secret_key(key: SecretKey) -> bytes:
    """Return a secret key's file."""
    form = serialization.PrivateFormat
    return key._key.private_bytes(  # noqa: SLF001 - of this module
        serialization.Encoding.PEM,
        form.OpenSSH if key.kind is KeyKind.ED25519 else form.PKCS8,
        serialization.NoEncryption(),
    )


def parse_secret_key(
    data: bytes, *, subject: str, password: str | None = None
) -> SecretKey:
    """Return the secret key in a file.

    Args:
        data: The file.
        subject: What messages call it; they never show the key.
        password: That of a key which cosign encrypted; None where nobody told.

    Raises:
        UsageError: It is none, of another kind, or its passphrase is not known.
    """
    load = serialization.load_pem_private_key
    if cosignkey.is_encrypted(data):
        data = cosignkey.decrypt(data, password, subject=subject)
        load = serialization.load_der_private_key
    elif b"BEGIN OPENSSH PRIVATE KEY" in data:
        load = serialization.load_ssh_private_key
    try:
        key = load(data, password=None)
    except TypeError:
        raise UsageError(
            f"{subject}: protected by a passphrase", hint=_SIGN_BY_HAND
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(
            f"{subject}: not a secret key, or one with a passphrase",
            hint=advise("{} makes one; {}", command("key new", "NAME"), _SIGN_BY_HAND),
        ) from None
    if isinstance(key, Ed25519PrivateKey):
        return SecretKey(KeyKind.ED25519, key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and _is_p256(key.curve):
        return SecretKey(KeyKind.ECDSA_P256, key)
    raise UsageError(
        f"{subject}: neither an Ed25519 nor an ECDSA P-256 key",
        hint=advise("make one with {}", command("key new", "NAME")),
    )


def format_public_key(key: PublicKey, *, comment: str = "") -> str:
    """Return a public key's text: one line for ssh, PEM for ECDSA."""
    encoding, form = serialization.Encoding, serialization.PublicFormat
    if key.kind is KeyKind.ED25519:
        line = key._key.public_bytes(encoding.OpenSSH, form.OpenSSH)  # noqa: SLF001
        return f"{line.decode()} {comment}".rstrip() + "\n"
    return format_public_pem(key)


def format_public_pem(key: PublicKey) -> str:
    """Return a public key in PEM, as cosign and openssl read both kinds."""
    encoding, form = serialization.Encoding, serialization.PublicFormat
    pem = key._key.public_bytes(encoding.PEM, form.SubjectPublicKeyInfo)  # noqa: SLF001
    return pem.decode()


def parse_public_key(text: str) -> PublicKey:
    """Return the public key in a text; the inverse of ``format_public_key``.

    Raises:
        MalformedError: It is none, or of another kind.
    """
    data = text.strip().encode("utf-8", "replace")
    if len(data) > MAX_KEY_BYTES:
        raise MalformedError(_PUBLIC, text[:40], f"longer than {MAX_KEY_BYTES}")
    is_pem = data.startswith(b"-----BEGIN PUBLIC KEY-----")
    load = (
        serialization.load_pem_public_key
        if is_pem
        else serialization.load_ssh_public_key
    )
    try:
        key = load(data)
    except (ValueError, UnsupportedAlgorithm):
        raise MalformedError(
            _PUBLIC, text[:40], "neither `ssh-ed25519 AAAA…` nor PEM"
        ) from None
    if isinstance(key, Ed25519PublicKey):
        return _public_key(key)
    if isinstance(key, ec.EllipticCurvePublicKey) and is_pem and _is_p256(key.curve):
        return _public_key(key)
    raise MalformedError(_PUBLIC, text[:40], "neither Ed25519 nor ECDSA P-256 in PEM")


def _public_key(key: _Public) -> PublicKey:
    if isinstance(key, Ed25519PublicKey):
        return PublicKey(KeyKind.ED25519, key.public_bytes_raw(), key)
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(KeyKind.ECDSA_P256, der, key)


def _verifies_ed25519(
    key: Ed25519PublicKey, parsed: sshsig.SshSignature, message: bytes
) -> bool:
    try:
        key.verify(parsed.signature, parsed.signed(message))
    except InvalidSignature:
        return False
    return True


def _verifies_ecdsa(
    key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes
) -> bool:
    try:
        key.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _is_p256(curve: ec.EllipticCurve) -> bool:
    return isinstance(curve, ec.SECP256R1)
