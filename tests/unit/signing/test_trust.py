"""Whose signatures count, from when to when, and how many it takes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.errors import ConfigError, MalformedError, SignatureError
from gosync.signing.keys import KeyKind, SecretKey, format_public_key, generate_key
from gosync.signing.trust import (
    SignedBy,
    check_signatures,
    format_trusted_key,
    parse_trust,
)

MESSAGE = b"message"
PACKER, OFFICER, STRANGER = (generate_key(KeyKind.ED25519) for _ in range(3))
COSIGNER = generate_key(KeyKind.ECDSA_P256)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
SITE = "enclave-a"


def entry(name: str, key: SecretKey, *lines: str) -> str:
    public = format_public_key(key.public())
    return "\n".join(
        ["[[key]]", f'name = "{name}"', f'public = """{public}"""', *lines, ""]
    )


def check(
    trust: str, *signers: SecretKey, at: datetime = NOON, site: str = SITE
) -> list[str]:
    """Return whose signatures counted."""
    files = {f"{n}.sig": key.sign(MESSAGE) for n, key in enumerate(signers)}
    parsed = parse_trust(trust, subject="trust.toml")
    found = check_signatures(MESSAGE, files, parsed, at=at, target=site)
    return [each.name for each in found]


def test_the_sample_is_a_trust_file():
    text = (Path(__file__).parents[3] / "samples" / "trust.toml").read_text()
    kinds = [key.public.kind for key in parse_trust(text, subject="x").keys]
    assert kinds == [KeyKind.ED25519, KeyKind.ECDSA_P256]


def test_a_trusted_signature_counts_and_is_named():
    trust = parse_trust(entry("packer", PACKER), subject="trust.toml")
    files = {"bundle.json.sig": PACKER.sign(MESSAGE)}

    found = check_signatures(MESSAGE, files, trust, at=NOON, target=SITE)

    fingerprint = PACKER.public().fingerprint
    signed = SignedBy("packer", fingerprint, "bundle.json.sig", KeyKind.ED25519)
    assert found == (signed,)


def test_unknown_signatures_are_left_aside():
    assert check(entry("packer", PACKER), STRANGER, PACKER, COSIGNER) == ["packer"]


@pytest.mark.parametrize("signers", [(), (STRANGER,), (COSIGNER,)])
def test_without_a_trusted_signature_nothing_is_taken(signers: tuple[SecretKey, ...]):
    with pytest.raises(SignatureError, match="0 of 1 trusted signatures"):
        check(entry("packer", PACKER), *signers)


def test_a_threshold_counts_keys_not_signatures():
    both = "threshold = 2\n" + entry("packer", PACKER) + entry("officer", COSIGNER)

    assert check(both, PACKER, COSIGNER) == ["packer", "officer"]
    with pytest.raises(SignatureError, match="1 of 2") as few:
        check(both, PACKER, PACKER)
    assert "have it signed" in str(few.value.hint)
    with pytest.raises(SignatureError, match="1 of 2") as unknown:
        check(both, PACKER, STRANGER)
    assert "add its public key" in str(unknown.value.hint)


@pytest.mark.parametrize("key", [PACKER, COSIGNER])
def test_what_a_new_key_prints_is_a_trust_file(key: SecretKey):
    assert check(format_trusted_key("packer", key.public()), key) == ["packer"]


@pytest.mark.parametrize(
    ("day", "counts"),
    [(1, False), (10, True), (20, True), (21, False)],
)
def test_a_key_counts_on_its_days(day: int, counts: bool):
    days = ("valid_from = 2026-06-10", "valid_until = 2026-06-20")
    trust = entry("packer", PACKER, *days)
    at = datetime(2026, 6, day, 23, 59, tzinfo=UTC)

    if counts:
        assert check(trust, PACKER, at=at) == ["packer"]
        return
    with pytest.raises(SignatureError, match=r"the key (is|was) valid"):
        check(trust, PACKER, at=at)


def test_keys_are_exchanged_by_their_days():
    old = entry("old", PACKER, "valid_until = 2026-06-15")
    trust = old + entry("new", OFFICER, "valid_from = 2026-06-15")

    assert check(trust, PACKER) == ["old"]
    assert check(trust, OFFICER) == ["new"]
    later = datetime(2026, 6, 16, tzinfo=UTC)
    assert check(trust, OFFICER, at=later) == ["new"]
    with pytest.raises(SignatureError, match="was valid until 2026-06-15"):
        check(trust, PACKER, at=later)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("revoked = true", "revoked"),
        ('targets = ["enclave-b"]', "does not sign for enclave-a"),
    ],
)
def test_a_key_that_may_not_sign_does_not_count(line: str, reason: str):
    trust = entry("packer", PACKER, line) + entry("officer", OFFICER)
    with pytest.raises(SignatureError, match=reason):
        check(trust, PACKER)


def test_a_changed_file_is_not_one_of_an_unknown_key():
    trust = parse_trust(entry("packer", PACKER), subject="trust.toml")
    files = {"bundle.json.sig": PACKER.sign(b"other")}

    with pytest.raises(SignatureError, match="not what packer signed"):
        check_signatures(MESSAGE, files, trust, at=NOON, target=SITE)


def test_a_file_that_is_no_signature_is_named():
    trust = parse_trust(entry("officer", COSIGNER), subject="trust.toml")

    for data in (b"-----BEGIN SSH SIGNATURE-----\nnone", b"\xff", b"A" * 20_000):
        with pytest.raises(MalformedError, match=r"x\.sig"):
            check_signatures(MESSAGE, {"x.sig": data}, trust, at=NOON, target=SITE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "1 signatures are asked for, 0 keys"),
        ("threshold = 2\n" + entry("a", PACKER), "2 signatures are asked for"),
        (entry("a", PACKER, "revoked = true"), "1 signatures are asked for"),
        ("threshold = 0\n", "threshold"),
        (entry("a", PACKER) + entry("b", PACKER), "there twice"),
        (entry("a", PACKER) + entry("a", OFFICER), "one name"),
        (entry("a", PACKER, "until = 2026-01-01"), "until"),
        (entry("a", PACKER, 'valid_until = "soon"'), "valid_until"),
        ('[[key]]\nname = "a"\npublic = "ssh-rsa AAAA"\n', "public key"),
        ("=", "trust.toml"),
    ],
)
def test_a_trust_file_that_is_wrong_is_refused(text: str, reason: str):
    with pytest.raises(ConfigError, match=reason):
        parse_trust(text, subject="trust.toml")
