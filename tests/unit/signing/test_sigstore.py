"""Sigstore bundles: the form of cosign 3, written, read, and refused when it is not."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError, SignatureError
from gosync.signing.keys import KeyKind, SecretKey, generate_key
from gosync.signing.sigstore import MEDIA_TYPE, is_sigstore, parse_sigstore
from gosync.signing.trust import check_signatures, format_trusted_key, parse_trust

MESSAGE = b'{"format":1}'
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ECDSA, ED25519 = generate_key(KeyKind.ECDSA_P256), generate_key(KeyKind.ED25519)
NAME = "bundle.json.sigstore.json"


def check(data: bytes, *keys: SecretKey, message: bytes = MESSAGE) -> list[str]:
    """Return whose signature counted."""
    named = [format_trusted_key(f"k{n}", key.public()) for n, key in enumerate(keys)]
    trust = parse_trust("\n".join(named), subject="trust.toml")
    found = check_signatures(message, {NAME: data}, trust, at=NOON, target="inside")
    return [each.name for each in found]


@pytest.mark.parametrize("key", [ECDSA, ED25519], ids=["ecdsa", "ed25519"])
def test_what_is_written_counts(key: SecretKey):
    other = generate_key(key.kind)
    assert check(key.sign_sigstore(MESSAGE), other, key) == ["k1"]


@pytest.mark.parametrize("key", [ECDSA, ED25519], ids=["ecdsa", "ed25519"])
def test_what_was_changed_after_it_was_signed_is_refused(key: SecretKey):
    signed = key.sign_sigstore(MESSAGE)
    with pytest.raises(SignatureError, match="not what k0 signed"):
        check(signed, key, message=MESSAGE + b" ")
    document = json.loads(signed)
    other = json.loads(key.sign_sigstore(b"another"))["messageSignature"]["signature"]
    document["messageSignature"]["signature"] = other
    with pytest.raises(SignatureError, match="not what k0 signed"):
        check(json.dumps(document).encode(), key)


def test_a_key_that_is_not_trusted_is_left_aside():
    with pytest.raises(SignatureError, match="of a key that is not trusted"):
        check(ECDSA.sign_sigstore(MESSAGE), ED25519)


def test_the_form_is_cosigns():
    document = json.loads(ECDSA.sign_sigstore(MESSAGE))
    public = ECDSA.public()
    digest = base64.b64encode(hashlib.sha256(MESSAGE).digest()).decode()
    hint = base64.b64encode(hashlib.sha256(public.data).digest()).decode()
    signature = document["messageSignature"].pop("signature")
    assert document == {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": hint}},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": digest}
        },
    }
    assert public.fingerprint == f"SHA256:{hint.rstrip('=')}"
    assert public.verify(MESSAGE, f"{signature}\n".encode())
    of_ed25519 = json.loads(ED25519.sign_sigstore(MESSAGE))
    assert of_ed25519["messageSignature"].pop("messageDigest")
    of_ed25519["messageSignature"]["messageDigest"] = {}  # as cosign has it


def test_what_cosign_adds_is_left_aside():
    document = json.loads(ECDSA.sign_sigstore(MESSAGE))
    document["verificationMaterial"]["tlogEntries"] = [{"logIndex": "7"}]
    document["verificationMaterial"]["timestampVerificationData"] = {}
    assert check(json.dumps(document, indent=2).encode(), ECDSA) == ["k0"]
    document["verificationMaterial"]["publicKey"] = {}
    assert check(json.dumps(document).encode(), ED25519, ECDSA) == ["k1"]


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("mediaType",), "application/json", "unknown version"),
        (("verificationMaterial",), {"certificate": {}}, "not with a key"),
        (("messageSignature",), None, "there is none"),
        (("messageSignature", "messageDigest", "algorithm"), "SHA1", "not SHA2_256"),
        (("messageSignature", "signature"), "!", "not base64"),
    ],
)
def test_what_is_none_is_refused(path: tuple[str, ...], value: object, reason: str):
    document = json.loads(ECDSA.sign_sigstore(MESSAGE))
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(MalformedError, match=reason):
        parse_sigstore(json.dumps(document).encode())


@given(st.one_of(st.binary(), st.from_regex(r"\{.*\}", fullmatch=True)))
def test_any_bytes_are_parsed_or_refused(data: str | bytes):
    raw = data.encode() if isinstance(data, str) else data
    with suppress(MalformedError):
        parse_sigstore(raw)
    assert is_sigstore(b" {") is True
