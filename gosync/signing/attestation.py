"""Attestation of a module version: a signed statement of what its files are. Pure.

A statement of in-toto (https://in-toto.io/Statement/v1) with the predicate *release*,
in a DSSE envelope (``dsse``)::

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [
       {"name": "v1.6.0.zip", "digest": {"dirHash": "HEX", "sha256": "HEX"}},
       {"name": "v1.6.0.mod", "digest": {"dirHash": "HEX"}}],
     "predicateType": "https://in-toto.io/attestation/release/v0.1",
     "predicate": {"purl": "pkg:golang/github.com/BurntSushi/toml@v1.6.0"}}

``dirHash`` is Go's h1, in hexadecimal and without ``h1:``, and is what counts: zips of
one h1 may differ in bytes. Statements that others made, with ``sha256`` alone, as
``cosign attest-blob`` makes them, count for a zip of just these bytes. Statements with
another predicate say something else, and do not count.
"""

from __future__ import annotations

import base64
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.purl import format_purl, parse_purl
from gosync.signing.dsse import (
    IN_TOTO,
    Envelope,
    format_envelope,
    parse_envelope,
    signed_bytes,
)
from gosync.signing.keys import PublicKey, SecretKey

PREDICATE: Final = "https://in-toto.io/attestation/release/v0.1"

_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_STATEMENTS: Final = frozenset({_STATEMENT, "https://in-toto.io/Statement/v0.1"})
_WHAT: Final = "attestation"
_H1: Final = "h1:"
_Text = Annotated[str, msgspec.Meta(max_length=8192)]


class _Subject(msgspec.Struct):
    name: _Text = ""
    digest: dict[_Text, _Text] = msgspec.field(default_factory=dict)


class _Predicate(msgspec.Struct):
    purl: _Text


class _Statement(msgspec.Struct, rename={"type": "_type"}):
    type: _Text
    subject: list[_Subject]
    predicate_type: _Text = msgspec.field(name="predicateType")
    predicate: _Predicate


class Attested(msgspec.Struct, frozen=True):
    """What is said of a version.

    Attributes:
        mv: The version.
        zip_h1s: The h1s that its zip may have.
        zip_sha256s: The SHA-256s that its zip may have, in hexadecimal.
    """

    mv: ModuleVersion
    zip_h1s: frozenset[str]
    zip_sha256s: frozenset[str]

    def is_of(self, zip_h1: str, zip_sha256: str | None) -> bool:
        """Return whether a zip is what was attested."""
        return zip_h1 in self.zip_h1s or zip_sha256 in self.zip_sha256s


class Attestation(msgspec.Struct, frozen=True):
    """An attestation as its file has it: what is said, and who may have.

    Attributes:
        attested: What is said.
        envelope: The signed envelope.
    """

    attested: Attested
    envelope: Envelope

    def is_by(self, key: PublicKey) -> bool:
        """Return whether a key signed it."""
        message = self.envelope.signed_bytes
        return any(key.verify_plain(message, each) for each in self.envelope.signatures)


def sign_attestation(
    key: SecretKey,
    mv: ModuleVersion,
    *,
    zip_h1: str,
    zip_sha256: str | None,
    mod_h1: str,
) -> bytes:
    """Return the file of an attestation that a key makes.

    Args:
        key: The key.
        mv: The version.
        zip_h1: Its zip's h1.
        zip_sha256: The SHA-256 of the zip, in hexadecimal; None where it is not here.
        mod_h1: Its go.mod's h1.
    """
    whole = {"dirHash": _hex_of(zip_h1)}
    if zip_sha256 is not None:
        whole["sha256"] = zip_sha256
    statement = {
        "_type": _STATEMENT,
        "subject": [
            {"name": f"{mv.version}.zip", "digest": whole},
            {"name": f"{mv.version}.mod", "digest": {"dirHash": _hex_of(mod_h1)}},
        ],
        "predicateType": PREDICATE,
        "predicate": {"purl": format_purl(mv)},
    }
    payload = msgspec.json.encode(statement)
    signed = key.sign_plain(signed_bytes(IN_TOTO, payload))
    envelope = Envelope(IN_TOTO, payload, (signed,))
    return format_envelope(envelope, key_digest=key.public().digest)


def parse_attestation(data: bytes) -> Attestation:
    """Return what an attestation's file says.

    Raises:
        MalformedError: It is none, of another predicate, or of no module version.
    """
    envelope = parse_envelope(data)
    if envelope.payload_type != IN_TOTO:
        raise MalformedError(_WHAT, envelope.payload_type, "not a statement of in-toto")
    try:
        said = msgspec.json.decode(envelope.payload, type=_Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        shown = envelope.payload[:40].decode(errors="replace")
        raise MalformedError(_WHAT, shown, str(exc)) from None
    if said.type not in _STATEMENTS or said.predicate_type != PREDICATE:
        raise MalformedError(_WHAT, said.predicate_type, "not of a release")
    mv = parse_purl(said.predicate.purl)
    digests = [each.digest for each in said.subject if not each.name.endswith(".mod")]
    h1s = (each["dirHash"] for each in digests if "dirHash" in each)
    sums = (each["sha256"] for each in digests if "sha256" in each)
    found = Attested(mv, frozenset(map(_h1_of, h1s)), frozenset(sums))
    if not found.zip_h1s and not found.zip_sha256s:
        raise MalformedError(_WHAT, str(mv), "names no digest that counts")
    return Attestation(found, envelope)


def _hex_of(h1: str) -> str:
    return base64.b64decode(h1.removeprefix(_H1)).hex()


def _h1_of(text: str) -> str:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raise MalformedError(_WHAT, text[:80], "a dirHash is hexadecimal") from None
    return _H1 + base64.b64encode(raw).decode()
