"""Keys in their files, and signatures that are none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError, UsageError
from gosync.signing.files import read_key, write_key
from gosync.signing.keys import (
    KeyKind,
    PublicKey,
    format_public_key,
    generate_key,
    parse_public_key,
    parse_secret_key,
)
from gosync.signing.sshsig import parse_signature

MESSAGE = b"message"
KEYS = {kind: generate_key(kind) for kind in KeyKind}
SIGNATURES = {kind: key.sign(MESSAGE) for kind, key in KEYS.items()}
RSA_2048 = ("-t", "rsa", "-b", "2048")
P384 = ("-t", "ecdsa", "-b", "384")


@pytest.mark.parametrize("kind", KeyKind)
def test_keys_come_back_from_their_files(tmp_path: Path, kind: KeyKind):
    public = write_key(KEYS[kind], tmp_path / "a.key", comment="a")

    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    assert read_key(tmp_path / "a.key").public() == KEYS[kind].public()
    assert parse_public_key(public.read_text()) == KEYS[kind].public()
    with pytest.raises(UsageError, match="there already"):
        write_key(KEYS[kind], tmp_path / "a.key", comment="a")


def test_a_secret_key_that_others_can_read_is_not_used(tmp_path: Path):
    write_key(KEYS[KeyKind.ED25519], tmp_path / "a.key", comment="a")
    (tmp_path / "a.key").chmod(0o640)

    with pytest.raises(UsageError, match="others than its owner"):
        read_key(tmp_path / "a.key")


def test_a_passphrase_is_not_asked_for(tmp_path: Path):
    file = tmp_path / "id"
    make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", file)
    subprocess.run(make, check=True)

    with pytest.raises(UsageError, match="passphrase") as caught:
        read_key(file)
    assert "ssh-keygen -Y sign" in str(caught.value.hint)


@pytest.mark.parametrize("kind", [RSA_2048, P384])
def test_other_kinds_of_keys_are_refused(tmp_path: Path, kind: tuple[str, ...]):
    file = tmp_path / "id"
    make = ("ssh-keygen", "-q", *kind, "-N", "", "-f", str(file))
    subprocess.run(make, check=True)

    with pytest.raises(UsageError, match="neither"):
        read_key(file)
    with pytest.raises(MalformedError, match="neither"):
        parse_public_key(file.with_suffix(".pub").read_text())


def test_what_shows_a_secret_key_does_not_show_it():
    for key in KEYS.values():
        assert "_key" not in repr(key)
    with pytest.raises(UsageError) as caught:
        parse_secret_key(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0", subject="a.key")
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize("kind", KeyKind)
def test_a_signature_is_of_one_key_and_one_message(kind: KeyKind):
    key, other = KEYS[kind], generate_key(kind)
    signature = key.sign(MESSAGE)

    assert key.public().verify(MESSAGE, signature)
    assert not key.public().verify(b"another", signature)
    assert not other.public().verify(MESSAGE, signature)


@pytest.mark.parametrize("kind", KeyKind)
@given(data=st.data())
def test_any_change_of_a_signature_makes_it_none(kind: KeyKind, data: st.DataObject):
    whole = SIGNATURES[kind]
    signature = bytearray(whole)
    at = data.draw(st.integers(0, len(signature) - 1))
    signature[at] ^= data.draw(st.integers(1, 255))

    refused = not _verdict(KEYS[kind].public(), bytes(signature))
    assert refused or _is_only_space(whole, at, signature[at])


def _is_only_space(whole: bytes, at: int, byte: int) -> bool:
    """Whether the change exchanged one white space for another."""
    return bytes([whole[at]]).isspace() and bytes([byte]).isspace()


def test_base64_that_is_not_canonical_is_no_signature():
    """The last letter before the padding has bits that stand for nothing."""
    key = KEYS[KeyKind.ECDSA_P256]
    made = (key.sign(MESSAGE).strip() for _ in range(100))
    padded = next(each for each in made if each.endswith(b"="))  # by its length
    body = padded.rstrip(b"=")
    other = body[:-1] + bytes([body[-1] + 1]) + padded[len(body) :]

    with pytest.raises(MalformedError, match="not canonical"):
        key.public().verify(MESSAGE, other)


@pytest.mark.parametrize("kind", KeyKind)
@given(signature=st.binary(max_size=300))
def test_any_bytes_are_a_signature_or_malformed(kind: KeyKind, signature: bytes):
    assert not _verdict(KEYS[kind].public(), signature)


@given(inside=st.binary(max_size=300))
def test_any_bytes_in_armor_are_an_ssh_signature_or_malformed(inside: bytes):
    body = f"-----BEGIN SSH SIGNATURE-----\n{inside.hex()}\n".encode()
    with pytest.raises(MalformedError):
        parse_signature(body + b"-----END SSH SIGNATURE-----\n")


@given(text=st.text(max_size=200))
def test_any_text_is_a_public_key_or_malformed(text: str):
    try:
        key = parse_public_key(text)
    except MalformedError:
        return
    assert parse_public_key(format_public_key(key)) == key


def _verdict(key: PublicKey, signature: bytes) -> bool | None:
    """Return whether it verifies, None when it is no signature at all."""
    try:
        return key.verify(MESSAGE, signature)
    except MalformedError:
        return None
