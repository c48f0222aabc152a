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
from typing import TYPE_CHECKING, Final

from gosync.errors import MalformedError, UsageError
from gosync.hint import advise, command
from gosync.signing import cosignkey, sigstore, sshsig
from gosync.signing.wire import decode_base64, format_strings

if TYPE_CHECKING:
    from gosync.signing.asymmetric import PublicHalf, SecretHalf

MAX_KEY_BYTES: Final = 16_384
MAX_SIGNATURE_BYTES: Final = 16_384

_PUBLIC: Final = "public key"
_SIGN_BY_HAND: Final = (
    "sign by hand, `ssh-keygen -Y sign -n gosync-bundle -f KEY bundle.json`,"
    " or use a key without a passphrase that only this user can read"
)


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
    _key: PublicHalf = field(compare=False, repr=False)

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
        return hashlib.sha256(self._key.der()).digest()

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Report whether a signature's file is one of ``message`` by this key.

        Raises:
            MalformedError: The file is no signature of this kind.
        """
        if sigstore.is_sigstore(signature):
            told = sigstore.parse_sigstore(signature)
            return told.is_of(message) and self.verify_plain(message, told.signature)
        if self.kind is KeyKind.ED25519:
            parsed = sshsig.parse_signature(signature)
            if parsed.public_key != self.data:
                return False
            return self.verify_plain(parsed.signed(message), parsed.signature)
        return self.verify_plain(message, decode_base64("signature", signature))

    def verify_plain(self, message: bytes, signature: bytes) -> bool:
        """Report whether a signature is one of ``message``: DER, or 64 bytes."""
        return self._key.verifies(signature, message)


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key that signs.

    Attributes:
        kind: Its kind.
    """

    kind: KeyKind
    _key: SecretHalf = field(repr=False)

    def public(self) -> PublicKey:
        """Return the key that checks what this one signs."""
        return _public_key(self._key.public())

    def sign(self, message: bytes) -> bytes:
        """Return the file of a detached signature of the message."""
        if self.kind is KeyKind.ED25519:
            signature = self._key.sign(sshsig.signed_bytes(message))
            return sshsig.format_signature(self.public().data, signature)
        return base64.b64encode(self.sign_plain(message)) + b"\n"

    def sign_sigstore(self, message: bytes) -> bytes:
        """Return the file of a sigstore bundle of the message."""
        digest, signed = self.public().digest, self.sign_plain(message)
        return sigstore.format_sigstore(signed, key_digest=digest, message=message)

    def sign_plain(self, message: bytes) -> bytes:
        """Return a signature of the message: DER of ECDSA, or 64 bytes of Ed25519."""
        return self._key.sign(message)


def generate_key(kind: KeyKind) -> SecretKey:
    """Return a new random key."""
    from gosync.signing import asymmetric  # noqa: PLC0415 - see there

    return SecretKey(kind, asymmetric.new_secret(ed25519=kind is KeyKind.ED25519))


def format_secret_key(key: SecretKey) -> bytes:
    """Return a secret key's file."""
    return key._key.pem()  # noqa: SLF001 - of this module


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
    from gosync.signing import asymmetric  # noqa: PLC0415 - see there

    form = asymmetric.SecretForm.PEM
    if cosignkey.is_encrypted(data):
        data = cosignkey.decrypt(data, password, subject=subject)
        form = asymmetric.SecretForm.DER
    elif b"BEGIN OPENSSH PRIVATE KEY" in data:
        form = asymmetric.SecretForm.OPENSSH
    try:
        key = asymmetric.load_secret(data, form)
    except TypeError:
        raise UsageError(
            f"{subject}: protected by a passphrase", hint=_SIGN_BY_HAND
        ) from None
    except ValueError:
        raise UsageError(
            f"{subject}: not a secret key, or one with a passphrase",
            hint=advise("{} makes one; {}", command("key new", "NAME"), _SIGN_BY_HAND),
        ) from None
    if key is not None:
        return SecretKey(_kind_of(key), key)
    raise UsageError(
        f"{subject}: neither an Ed25519 nor an ECDSA P-256 key",
        hint=advise("make one with {}", command("key new", "NAME")),
    )


def format_public_key(key: PublicKey, *, comment: str = "") -> str:
    """Return a public key's text: one line for ssh, PEM for ECDSA."""
    if key.kind is KeyKind.ED25519:
        line = key._key.openssh()  # noqa: SLF001 - of this module
        return f"{line.decode()} {comment}".rstrip() + "\n"
    return format_public_pem(key)


def format_public_pem(key: PublicKey) -> str:
    """Return a public key in PEM, as cosign and openssl read both kinds."""
    return key._key.pem().decode()  # noqa: SLF001 - of this module


def parse_public_key(text: str) -> PublicKey:
    """Return the public key in a text; the inverse of ``format_public_key``.

    Raises:
        MalformedError: It is none, or of another kind.
    """
    from gosync.signing import asymmetric  # noqa: PLC0415 - see there

    data = text.strip().encode("utf-8", "replace")
    if len(data) > MAX_KEY_BYTES:
        raise MalformedError(_PUBLIC, text[:40], f"longer than {MAX_KEY_BYTES}")
    is_pem = data.startswith(b"-----BEGIN PUBLIC KEY-----")
    try:
        key = asymmetric.load_public(data, pem=is_pem)
    except ValueError:
        raise MalformedError(
            _PUBLIC, text[:40], "neither `ssh-ed25519 AAAA…` nor PEM"
        ) from None
    if key is None:
        raise MalformedError(
            _PUBLIC, text[:40], "neither Ed25519 nor ECDSA P-256 in PEM"
        )
    return _public_key(key)


def _public_key(key: PublicHalf) -> PublicKey:
    return PublicKey(_kind_of(key), key.data(), key)


def _kind_of(key: PublicHalf | SecretHalf) -> KeyKind:
    return KeyKind.ED25519 if key.is_ed25519 else KeyKind.ECDSA_P256
