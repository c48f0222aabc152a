"""Reports of keys and signatures: the fields are the JSON documents' keys. Pure."""

from __future__ import annotations

import msgspec

from gosync.signing.keys import KeyKind


class NewKeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was made.

    Attributes:
        name: Its name.
        kind: What kind of key it is.
        fingerprint: The public one's.
        secret_file: Where the secret one is.
        public_file: Where the public one is.
        trust: The trust file's section for it.
    """

    name: str
    kind: KeyKind
    fingerprint: str
    secret_file: str
    public_file: str
    trust: str


class KeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """A public key.

    Attributes:
        name: What the trust file calls it.
        kind: What kind of key it is.
        fingerprint: Its fingerprint.
        pem: The key in PEM.
        trust: The trust file's section for it.
    """

    name: str
    kind: KeyKind
    fingerprint: str
    pem: str
    trust: str


class SignedFileReport(msgspec.Struct, frozen=True, kw_only=True):
    """A file that enough keys have signed.

    Attributes:
        file: Its path.
        signed_by: The fingerprints of the keys.
    """

    file: str
    signed_by: tuple[str, ...]
