"""Ed25519 signatures (RFC 8032): keys are 32 bytes, secret ones their seeds. Pure.

The functions import ``cryptography`` when they are called: a configuration names keys,
and most commands verify nothing by them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

KEY_BYTES: Final = 32
_KEPT: Final = 16


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether a public key's owner signed a message so."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see above

    try:
        _public(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def sign(seed: bytes, message: bytes) -> bytes:
    """Return a secret key's signature of a message."""
    return _private(seed).sign(message)


def public_of(seed: bytes) -> bytes:
    """Return the public key of a secret one."""
    return _private(seed).public_key().public_bytes_raw()


def new_seed() -> bytes:
    """Return a new secret key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - see above
        Ed25519PrivateKey,
    )

    return Ed25519PrivateKey.generate().private_bytes_raw()


@lru_cache(_KEPT)
def _public(key: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - see above
        Ed25519PublicKey,
    )

    return Ed25519PublicKey.from_public_bytes(key)


def _private(seed: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - see above
        Ed25519PrivateKey,
    )

    return Ed25519PrivateKey.from_private_bytes(seed)
