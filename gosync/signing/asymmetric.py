"""Ed25519 and ECDSA P-256 by ``cryptography``: what ``keys`` are made of. Pure.

It takes 10 ms to load, so ``keys`` loads it with the first key that is made or read:
most commands know of keys, and most sites have none.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256

_Secret: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
_Public: TypeAlias = Ed25519PublicKey | ec.EllipticCurvePublicKey
_Encoding = serialization.Encoding
_PublicFormat = serialization.PublicFormat


class SecretForm(Enum):
    """How the file of a secret key is written."""

    PEM = "pem"
    DER = "der"
    OPENSSH = "openssh"


class PublicHalf:
    """A public key, of either kind.

    Attributes:
        is_ed25519: Whether it is Ed25519; else it is ECDSA P-256.
    """

    def __init__(self, key: _Public) -> None:
        self._key = key
        self.is_ed25519 = isinstance(key, Ed25519PublicKey)

    def data(self) -> bytes:
        """Return its 32 bytes, or a SubjectPublicKeyInfo in DER."""
        key = self._key
        return (
            key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else self.der()
        )

    def der(self) -> bytes:
        """Return its SubjectPublicKeyInfo."""
        form = _PublicFormat.SubjectPublicKeyInfo
        return self._key.public_bytes(_Encoding.DER, form)

    def pem(self) -> bytes:
        """Return the same in PEM."""
        form = _PublicFormat.SubjectPublicKeyInfo
        return self._key.public_bytes(_Encoding.PEM, form)

    def openssh(self) -> bytes:
        """Return the line that OpenSSH has for it, without a comment."""
        return self._key.public_bytes(_Encoding.OpenSSH, _PublicFormat.OpenSSH)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether a signature is its owner's: DER, or 64 bytes of Ed25519."""
        try:
            if isinstance(self._key, Ed25519PublicKey):
                self._key.verify(signature, message)
            else:
                self._key.verify(signature, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


class SecretHalf:
    """A secret key, of either kind.

    Attributes:
        is_ed25519: Whether it is Ed25519; else it is ECDSA P-256.
    """

    def __init__(self, key: _Secret) -> None:
        self._key = key
        self.is_ed25519 = isinstance(key, Ed25519PrivateKey)

    def public(self) -> PublicHalf:
        """Return its public half."""
        return PublicHalf(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return a signature: DER of ECDSA, or 64 bytes of Ed25519."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        return self._key.sign(message, ec.ECDSA(SHA256()))

    def pem(self) -> bytes:
        """Return its file, without a passphrase: OpenSSH's own, or PKCS #8."""
        form = serialization.PrivateFormat
        return self._key.private_bytes(
            _Encoding.PEM,
            form.OpenSSH if self.is_ed25519 else form.PKCS8,
            serialization.NoEncryption(),
        )


def new_secret(*, ed25519: bool) -> SecretHalf:
    """Return a new random key."""
    if ed25519:
        return SecretHalf(Ed25519PrivateKey.generate())
    return SecretHalf(ec.generate_private_key(ec.SECP256R1()))


def load_secret(data: bytes, form: SecretForm) -> SecretHalf | None:
    """Read a secret key; None for one of another kind.

    Raises:
        ValueError: It is none.
        TypeError: A passphrase protects it.
    """
    load = {
        SecretForm.PEM: serialization.load_pem_private_key,
        SecretForm.DER: serialization.load_der_private_key,
        SecretForm.OPENSSH: serialization.load_ssh_private_key,
    }[form]
    try:
        key = load(data, password=None)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    if isinstance(key, Ed25519PrivateKey):
        return SecretHalf(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and _is_p256(key.curve):
        return SecretHalf(key)
    return None


def load_public(data: bytes, *, pem: bool) -> PublicHalf | None:
    """Read a public key, in PEM or OpenSSH's line; None for one of another kind.

    OpenSSH's is Ed25519 alone.

    Raises:
        ValueError: It is none.
    """
    load = (
        serialization.load_pem_public_key if pem else serialization.load_ssh_public_key
    )
    try:
        key = load(data)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    if isinstance(key, Ed25519PublicKey):
        return PublicHalf(key)
    if pem and isinstance(key, ec.EllipticCurvePublicKey) and _is_p256(key.curve):
        return PublicHalf(key)
    return None


def _is_p256(curve: ec.EllipticCurve) -> bool:
    return isinstance(curve, ec.SECP256R1)
