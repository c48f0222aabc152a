"""Secret key that cosign encrypted, as its ``cosign.key``. Pure.

PEM of the type ``ENCRYPTED SIGSTORE PRIVATE KEY`` (``ENCRYPTED COSIGN PRIVATE KEY`` of
older ones), and in it JSON; the cipher's plaintext is PKCS #8 in DER::

    {"kdf": {"name": "scrypt", "params": {"N": 65536, "r": 8, "p": 1},
             "salt": "BASE64"},
     "cipher": {"name": "nacl/secretbox", "nonce": "BASE64"},
     "ciphertext": "BASE64"}

The password is what cosign takes from ``COSIGN_PASSWORD``. XSalsa20-Poly1305 is
PyNaCl's, an extra of the package.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError, UsageError
from gosync.pattern import compile_on_use
from gosync.signing.wire import decode_base64

PASSWORD_VARIABLE: Final = "COSIGN_PASSWORD"  # noqa: S105 - a variable's name

_WHAT: Final = "cosign key"
_PEM: Final = compile_on_use(
    rb"-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----\s"
    rb"([A-Za-z0-9+/=\s]+)-----END ENCRYPTED \1 PRIVATE KEY-----\s*"
)
_KEY_BYTES: Final = 32
_MAX_MEMORY: Final = 1 << 30


class _Params(msgspec.Struct):
    N: Annotated[int, msgspec.Meta(ge=2, le=1 << 22)]
    r: Annotated[int, msgspec.Meta(ge=1, le=64)]
    p: Annotated[int, msgspec.Meta(ge=1, le=64)]


class _Kdf(msgspec.Struct):
    name: str
    params: _Params
    salt: str


class _Cipher(msgspec.Struct):
    name: str
    nonce: str


class _EncryptedKey(msgspec.Struct):
    kdf: _Kdf
    cipher: _Cipher
    ciphertext: str


def is_encrypted(data: bytes) -> bool:
    """Return whether a file is a key of cosign's."""
    return _PEM.fullmatch(data.strip() + b"\n") is not None


def decrypt(data: bytes, password: str | None, *, subject: str) -> bytes:
    """Return the key in PKCS #8 DER.

    Args:
        data: The file.
        password: Its password, "" for the empty one; None where nobody told.
        subject: What messages call it; they never show the key.

    Raises:
        UsageError: It is no such key, or the password is wrong or not there.
    """
    try:
        parsed = _parsed(data, subject)
        if password is None:
            raise UsageError(
                f"{subject}: encrypted by cosign",
                hint=f"set {PASSWORD_VARIABLE} to its password, as for cosign",
            )
        return _open(parsed, password, subject)
    except (msgspec.MsgspecError, UnicodeDecodeError, MalformedError) as exc:
        raise UsageError(f"{subject}: not a secret key of cosign's: {exc}") from None


def _parsed(data: bytes, subject: str) -> _EncryptedKey:
    found = _PEM.fullmatch(data.strip() + b"\n")
    if found is None:
        raise MalformedError(_WHAT, subject, "no PEM of cosign's")
    text = decode_base64(_WHAT, found[2])
    parsed = msgspec.json.decode(text, type=_EncryptedKey)
    if (parsed.kdf.name, parsed.cipher.name) != ("scrypt", "nacl/secretbox"):
        raise MalformedError(_WHAT, subject, "neither scrypt nor nacl/secretbox")
    return parsed


def _open(parsed: _EncryptedKey, password: str, subject: str) -> bytes:
    try:
        # An extra, and few have such keys.
        from nacl.exceptions import CryptoError  # noqa: PLC0415
        from nacl.secret import SecretBox  # noqa: PLC0415
    except ImportError as exc:
        raise UsageError(
            f"{subject}: encrypted by cosign, which takes PyNaCl to read",
            hint='pip install "gosync[cosign]"',
        ) from exc
    params = parsed.kdf.params
    try:
        key = hashlib.scrypt(
            password.encode(),
            salt=decode_base64(_WHAT, parsed.kdf.salt.encode()),
            n=params.N,
            r=params.r,
            p=params.p,
            maxmem=_MAX_MEMORY,
            dklen=_KEY_BYTES,
        )
        nonce = decode_base64(_WHAT, parsed.cipher.nonce.encode())
        sealed = decode_base64(_WHAT, parsed.ciphertext.encode())
    except ValueError as exc:  # of scrypt
        raise MalformedError(_WHAT, subject, str(exc)) from None
    if len(nonce) != SecretBox.NONCE_SIZE:
        raise MalformedError(_WHAT, subject, "a nonce of another size")
    try:
        return SecretBox(key).decrypt(sealed, nonce)
    except CryptoError:
        raise UsageError(
            f"{subject}: the password does not open it",
            hint=f"see {PASSWORD_VARIABLE}",
        ) from None
