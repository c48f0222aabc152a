r"""SSHSIG: signatures of ``ssh-keygen -Y sign``, made and verified. Pure.

A signature is a text file (PROTOCOL.sshsig of OpenSSH)::

    -----BEGIN SSH SIGNATURE-----
    base64, in lines of 70
    -----END SSH SIGNATURE-----

of the bytes, where a string has its length before it (``wire``)::

    "SSHSIG"  uint32 1
    string public key      string "ssh-ed25519", string of 32 bytes
    string namespace       ours is "gosync-bundle"
    string reserved        empty
    string hash algorithm  "sha512" or "sha256"
    string signature       string "ssh-ed25519", string of 64 bytes

What is signed, with Ed25519 (RFC 8032), is::

    "SSHSIG"  string namespace  string reserved  string hash algorithm
    string of the message's hash

The namespace keeps a signature that was made for a bundle from counting as one
for a git commit or a login, and the other way around. Other kinds of keys than
Ed25519 are not read. Anybody checks one with::

    ssh-keygen -Y verify -n gosync-bundle -f allowed_signers -I NAME \
        -s bundle.json.sig < bundle.json
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.signing.wire import decode_base64, format_strings, parse_strings

NAMESPACE: Final = b"gosync-bundle"
KEY_TYPE: Final = b"ssh-ed25519"

_WHAT: Final = "SSH signature"
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = (1).to_bytes(4, "big")
_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----"
_END: Final = b"-----END SSH SIGNATURE-----"
_LINE_LENGTH: Final = 70
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_HASHES: Final = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
_DEFAULT_HASH: Final = b"sha512"


class SshSignature(msgspec.Struct, frozen=True):
    """A signature as its file has it.

    Attributes:
        public_key: The 32 bytes of the Ed25519 key that it says made it.
        hash_name: What the message is hashed with.
        signature: The 64 bytes of the Ed25519 signature.
    """

    public_key: bytes
    hash_name: bytes
    signature: bytes

    def signed(self, message: bytes) -> bytes:
        """Return the bytes that the key must have signed."""
        return signed_bytes(message, hash_name=self.hash_name)


def signed_bytes(message: bytes, *, hash_name: bytes = _DEFAULT_HASH) -> bytes:
    """Return the bytes that a key signs for a message."""
    digest = _HASHES[hash_name](message).digest()
    return _MAGIC + format_strings(NAMESPACE, b"", hash_name, digest)


def is_signature(data: bytes) -> bool:
    """Report whether a file means to be an SSH signature."""
    return data.startswith(_BEGIN)


def format_signature(public_key: bytes, signature: bytes) -> bytes:
    """Return the file of a signature of ``signed_bytes(message)``."""
    body = format_strings(
        format_strings(KEY_TYPE, public_key),
        NAMESPACE,
        b"",
        _DEFAULT_HASH,
        format_strings(KEY_TYPE, signature),
    )
    encoded = base64.b64encode(_MAGIC + _VERSION + body)
    starts = range(0, len(encoded), _LINE_LENGTH)
    lines = (encoded[start : start + _LINE_LENGTH] for start in starts)
    return b"\n".join([_BEGIN, *lines, _END, b""])


def parse_signature(data: bytes) -> SshSignature:
    """Return the signature in a file.

    Raises:
        MalformedError: It is none, of another namespace, or of another kind of key.
    """
    body = _unarmored(data)
    head = _MAGIC + _VERSION
    if not body.startswith(head):
        raise MalformedError(_WHAT, body[:10].hex(), "not SSHSIG of version 1")
    fields = parse_strings(_WHAT, body[len(head) :], count=5)
    key, namespace, reserved, hash_name, signature = fields
    if namespace != NAMESPACE:
        wanted = NAMESPACE.decode()
        raise MalformedError(_WHAT, repr(namespace[:80]), f"namespace is not {wanted}")
    if reserved or hash_name not in _HASHES:
        raise MalformedError(_WHAT, repr(hash_name[:80]), "unknown hash algorithm")
    return SshSignature(
        public_key=_of_ed25519(key, size_bytes=_KEY_BYTES),
        hash_name=hash_name,
        signature=_of_ed25519(signature, size_bytes=_SIGNATURE_BYTES),
    )


def _of_ed25519(data: bytes, *, size_bytes: int) -> bytes:
    kind, value = parse_strings(_WHAT, data, count=2)
    if kind != KEY_TYPE or len(value) != size_bytes:
        raise MalformedError(_WHAT, repr(kind[:80]), "not of an Ed25519 key")
    return value


def _unarmored(data: bytes) -> bytes:
    lines = data.replace(b"\r\n", b"\n").strip().split(b"\n")
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise MalformedError(_WHAT, repr(data[:40]), "no armor around it")
    return decode_base64(_WHAT, b"\n".join(lines[1:-1]))
