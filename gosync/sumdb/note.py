r"""Signed notes: text, a blank line, signatures (C2SP signed-note).

A signed note is valid UTF-8 without control characters below U+0020 other than
the newline, at most 1 000 000 bytes::

    text, one or more lines, each ending in a newline
    <blank line>
    — NAME BASE64
    — NAME BASE64

The last blank line splits the text from the signatures; the text includes its
final newline and is exactly what is signed. A signature line starts with an em
dash (U+2014) and a space. BASE64 is standard, padded and canonical, of four
bytes of key hash (big endian) and the signature. At most 100 signatures are
read. Those of unknown keys are kept aside (cosignatures); one of a known key
must verify; only the first signature of each key counts.

Keys are lines of text too. NAME is not empty and has neither white space nor
``+``; HASH is eight lower-case hexadecimal digits, the first four bytes of
``sha256(NAME + "\n" + KEY)``; KEY is one byte of algorithm (1 is Ed25519, RFC
8032) and 32 bytes of public key, or of seed in a signer key::

    NAME+HASH+base64(KEY)                   verifier key, public
    PRIVATE+KEY+NAME+HASH+base64(SEED)      signer key, secret; HASH of the public
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from gosync.errors import MalformedError, SignatureError
from gosync.sumdb import ed25519

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100

_ALGORITHM_ED25519: Final = b"\x01"
_KEY_HASH_BYTES: Final = 4
_SIGNATURE_PREFIX: Final = "— "
# Deleting these from a note leaves the control characters it may not have.
_CONTROL_BYTES: Final = bytes(byte for byte in range(0x20) if byte != ord("\n"))


class Verifier(Protocol):
    """A public key that checks signatures under a name."""

    @property
    def name(self) -> str:
        """The name that signature lines of this key carry."""

    @property
    def key_hash(self) -> int:
        """The first four bytes of the key's hash, big endian."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Report whether ``signature`` is one of ``message`` by this key."""


class Signer(Protocol):
    """A secret key that signs under a name."""

    @property
    def name(self) -> str:
        """The name that signature lines of this key carry."""

    @property
    def key_hash(self) -> int:
        """The first four bytes of the public key's hash, big endian."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of ``message``."""


class Signature(msgspec.Struct, frozen=True):
    """One signature line.

    Attributes:
        name: The key's name.
        key_hash: The key's hash, as the line has it.
        signature: The signature's bytes, without the key hash.
    """

    name: str
    key_hash: int
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A note that at least one known key signed.

    Attributes:
        text: What was signed, final newline included.
        signatures: Those that verified, one a key.
        unverified: Those of unknown keys, as they came.
    """

    text: bytes
    signatures: tuple[Signature, ...]
    unverified: tuple[Signature, ...]


class Ed25519Verifier(msgspec.Struct, frozen=True):
    """The verifier of an Ed25519 verifier key."""

    name: str
    key_hash: int
    public_key: bytes

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Report whether ``signature`` is one of ``message`` by this key."""
        return ed25519.verify(self.public_key, message, signature)


class Ed25519Signer(msgspec.Struct, frozen=True):
    """The signer of an Ed25519 signer key."""

    name: str
    key_hash: int
    seed: bytes

    def __repr__(self) -> str:
        """Return what may be shown: never the secret key."""
        return f"Ed25519Signer({self.name!r}, {self.key_hash:08x})"

    def sign(self, message: bytes) -> bytes:
        """Return the signature of ``message``."""
        return ed25519.sign(self.seed, message)


def parse_verifier_key(vkey: str) -> Ed25519Verifier:
    """Return the verifier that a verifier key describes.

    Raises:
        MalformedError: The key is not canonical, of an unknown algorithm, or its
            hash is not the key's.
    """
    what = "verifier key"
    name, key_hash, key = _parse_key(what, vkey, vkey.split("+", 2))
    if _key_hash(name, _ALGORITHM_ED25519 + key) != key_hash:
        raise MalformedError(what, vkey, "its hash is not that of its key")
    return Ed25519Verifier(name, key_hash, key)


def parse_signer_key(skey: str) -> Ed25519Signer:
    """Return the signer that a signer key describes.

    Raises:
        MalformedError: The key is not canonical, of an unknown algorithm, or its
            hash is not the public key's. The message never shows the key.
    """
    what, shown = "signer key", "PRIVATE+KEY+…"
    prefix = "PRIVATE+KEY+"
    if not skey.startswith(prefix):
        raise MalformedError(what, "…", f"does not start with {prefix}")
    fields = skey.removeprefix(prefix).split("+", 2)
    name, key_hash, seed = _parse_key(what, shown, fields)
    public = _ALGORITHM_ED25519 + ed25519.public_of(seed)
    if _key_hash(name, public) != key_hash:
        raise MalformedError(what, shown, "its hash is not that of its public key")
    return Ed25519Signer(name, key_hash, seed)


def generate_key(name: str, *, seed: bytes | None = None) -> tuple[str, str]:
    """Return a new signer key and its verifier key.

    Args:
        name: The key's name, mostly the database's.
        seed: 32 bytes that determine the key; None draws a random one.

    Raises:
        MalformedError: The name is not one for a key, or the seed not 32 bytes.
    """
    _check_name("key name", name)
    if seed is not None and len(seed) != ed25519.KEY_BYTES:
        raise MalformedError("key seed", "…", f"is not {ed25519.KEY_BYTES} bytes long")
    seed = ed25519.new_seed() if seed is None else seed
    public = _ALGORITHM_ED25519 + ed25519.public_of(seed)
    secret = _ALGORITHM_ED25519 + seed
    owner = f"{name}+{_key_hash(name, public):08x}"
    return f"PRIVATE+KEY+{owner}+{_encode(secret)}", f"{owner}+{_encode(public)}"


def open_note(message: bytes, verifiers: Iterable[Verifier]) -> Note:
    """Return the note in ``message`` once known keys vouch for it.

    Raises:
        MalformedError: The message is no signed note, or is too long.
        SignatureError: No known key signed it, or a known key's signature is wrong.
    """
    text, lines = _split_note(message)
    known = {(verifier.name, verifier.key_hash): verifier for verifier in verifiers}
    verified: dict[tuple[str, int], Signature] = {}
    unverified: dict[Signature, None] = {}
    for line in lines:
        signature = _parse_signature(line)
        key = (signature.name, signature.key_hash)
        verifier = known.get(key)
        if verifier is None:
            unverified[signature] = None
        elif key not in verified:
            if not verifier.verify(text, signature.signature):
                reason = f"{_key_label(*key)}: signature does not verify"
                raise _refused(reason, "sum.bad_signature")
            verified[key] = signature
    if not verified:
        signers = ", ".join(_key_label(s.name, s.key_hash) for s in unverified)
        keys = ", ".join(_key_label(*key) for key in known)
        reason = f"no signature of {keys}: signed by {signers[:200]}"
        raise _refused(reason, "sum.unknown_key")
    return Note(text, tuple(verified.values()), tuple(unverified))


def _refused(reason: str, failure_class: str) -> SignatureError:
    error = SignatureError(reason)
    error.failure_class = failure_class
    return error


def sign_note(text: bytes, signers: Sequence[Signer]) -> bytes:
    """Return the signed note of ``text``, signed by each signer in turn.

    Raises:
        MalformedError: The text does not end in a newline, has characters that a
            note may not have, or is too long.
    """
    _check_note_bytes(text)
    if not text.endswith(b"\n"):
        raise MalformedError("note", text, "the text does not end in a newline")
    lines = []
    for signer in signers:
        raw = signer.key_hash.to_bytes(_KEY_HASH_BYTES, "big") + signer.sign(text)
        lines.append(f"{_SIGNATURE_PREFIX}{signer.name} {_encode(raw)}\n")
    return text + b"\n" + "".join(lines).encode()


def _split_note(message: bytes) -> tuple[bytes, list[str]]:
    """Return a note's text and its signature lines."""
    _check_note_bytes(message)
    split = message.rfind(b"\n\n")
    if split < 0:
        raise MalformedError("note", message, "no blank line before the signatures")
    text, block = message[: split + 1], message[split + 2 :]
    if not block.endswith(b"\n"):
        raise MalformedError("note", message, "no signature line at the end")
    lines = block[:-1].decode().split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedError("note", message, f"more than {MAX_SIGNATURES} signatures")
    return text, lines


def _check_note_bytes(message: bytes) -> None:
    """Refuse what is too long, not UTF-8, or has control characters."""
    if len(message) > MAX_NOTE_BYTES:
        raise MalformedError("note", message[:80], f"longer than {MAX_NOTE_BYTES}")
    try:
        message.decode()
    except UnicodeDecodeError:
        raise MalformedError("note", message[:80], "not UTF-8") from None
    if len(message.translate(None, _CONTROL_BYTES)) != len(message):
        raise MalformedError("note", message[:80], "has a control character")


def _parse_signature(line: str) -> Signature:
    """Return the signature that one line holds."""
    what = "signature line"
    if not line.startswith(_SIGNATURE_PREFIX):
        raise MalformedError(what, line, "does not start with an em dash and a space")
    name, _, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    _check_name(what, name)
    raw = _decode(what, encoded)
    if len(raw) <= _KEY_HASH_BYTES:
        raise MalformedError(what, line, "too short for a key hash and a signature")
    key_hash = int.from_bytes(raw[:_KEY_HASH_BYTES], "big")
    return Signature(name, key_hash, raw[_KEY_HASH_BYTES:])


def _parse_key(what: str, shown: str, fields: Sequence[str]) -> tuple[str, int, bytes]:
    """Return name, key hash and key bytes of a key's last three fields."""
    if len(fields) != 3:
        raise MalformedError(what, shown, "is not NAME+HASH+KEY")
    name, digits, encoded = fields
    _check_name(what, name)
    try:
        key_hash = int(digits, 16)
    except ValueError:
        key_hash = -1
    if f"{key_hash:08x}" != digits:
        raise MalformedError(what, shown, "the hash is not eight hexadecimal digits")
    try:
        key = _decode(what, encoded)
    except MalformedError:
        raise MalformedError(what, shown, "the key is not base64") from None
    if key[:1] != _ALGORITHM_ED25519:
        raise MalformedError(what, shown, "the algorithm is not Ed25519")
    if len(key) != 1 + ed25519.KEY_BYTES:
        raise MalformedError(what, shown, "the key does not have 32 bytes")
    return name, key_hash, key[1:]


def _check_name(what: str, name: str) -> None:
    """Refuse a name that could not stand in a key or a signature line."""
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise MalformedError(what, name, "the name is empty or has a space or +")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise MalformedError(what, ascii(name), "the name is not UTF-8") from None


def _key_hash(name: str, key: bytes) -> int:
    """Return the number that tells keys of one name apart."""
    digest = hashlib.sha256(name.encode() + b"\n" + key).digest()
    return int.from_bytes(digest[:_KEY_HASH_BYTES], "big")


def _key_label(name: str, key_hash: int) -> str:
    return f"{name}+{key_hash:08x}"


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _decode(what: str, encoded: str) -> bytes:
    """Decode base64 that is canonical: encoding it again gives the same."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(what, encoded, "not base64") from None
    if _encode(raw) != encoded:
        raise MalformedError(what, encoded, "not canonical base64")
    return raw
