"""Attestations: what is written is read, and whatever else is refused."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.signing.attestation import (
    PREDICATE,
    parse_attestation,
    sign_attestation,
)
from gosync.signing.dsse import IN_TOTO, Envelope, format_envelope, parse_envelope
from gosync.signing.keys import KeyKind, SecretKey, generate_key

MV = ModuleVersion("github.com/BurntSushi/toml", "v1.6.0+incompatible")
H1 = "h1:" + base64.b64encode(bytes(range(32))).decode()
ECDSA, ED25519 = generate_key(KeyKind.ECDSA_P256), generate_key(KeyKind.ED25519)
SHA = "ab" * 32


def made(key: SecretKey = ECDSA, sha256: str | None = SHA) -> bytes:
    return sign_attestation(key, MV, zip_h1=H1, zip_sha256=sha256, mod_h1=H1)


@pytest.mark.parametrize("key", [ECDSA, ED25519], ids=["ecdsa", "ed25519"])
def test_what_is_written_is_read(key: SecretKey):
    found = parse_attestation(made(key))
    assert found.attested.mv == MV
    assert found.attested.is_of(H1, None)
    assert found.is_by(key.public())
    assert not found.is_by(generate_key(key.kind).public())
    other = "h1:" + base64.b64encode(bytes(32)).decode()
    assert not found.attested.is_of(other, None)
    assert found.attested.is_of(other, SHA), "these very bytes"
    assert not parse_attestation(made(sha256=None)).attested.is_of(other, SHA)


def test_an_envelope_by_itself_with_more_signatures():
    document = json.loads(made())["dsseEnvelope"]
    document["signatures"].insert(0, {"keyid": "other", "sig": "AAAA"})
    assert parse_attestation(json.dumps(document).encode()).is_by(ECDSA.public())


def test_a_payload_of_another_type_is_not_signed():
    data = json.loads(made())
    data["dsseEnvelope"]["payloadType"] = "text/plain"
    with pytest.raises(MalformedError, match="not a statement"):
        parse_attestation(json.dumps(data).encode())
    envelope = parse_envelope(made())
    payload = envelope.payload.replace(b"v1.6.0", b"v1.6.1")
    moved = format_envelope(
        Envelope(IN_TOTO, payload, envelope.signatures), key_digest=bytes(32)
    )
    assert not parse_attestation(moved).is_by(ECDSA.public())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("_type",), "https://in-toto.io/Statement/v2"),
        (("predicateType",), f"{PREDICATE}0"),
        (("predicate", "purl"), "pkg:golang/a.example/m"),
        (("predicate", "purl"), "pkg:npm/m@1.0.0"),
        (("predicate", "purl"), "pkg:golang/../m@v1.0.0"),
        (("subject",), []),
        (("subject", 0, "digest"), {"dirHash": "no hex"}),
        (("subject", 0, "digest"), {"md5": "00"}),
    ],
)
def test_what_says_something_else_is_refused(path: tuple[Any, ...], value: object):
    statement = json.loads(parse_envelope(made()).payload)
    within = statement
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = value
    envelope = Envelope(IN_TOTO, json.dumps(statement).encode(), (b"x",))
    with pytest.raises(MalformedError):
        parse_attestation(format_envelope(envelope, key_digest=bytes(32)))


@given(st.binary(), st.integers(0, 500), st.integers(0, 500))
def test_any_bytes_are_refused_or_read(data: bytes, start: int, end: int):
    whole = made()
    for each in (data, whole[:start] + data + whole[end:]):
        with suppress(MalformedError):
            parse_attestation(each)
