"""Signed notes and their keys."""

from __future__ import annotations

import base64

import pytest

from gosync.errors import MalformedError, SignatureError
from gosync.sumdb.names import parse_gosumdb
from gosync.sumdb.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    generate_key,
    open_note,
    parse_signer_key,
    parse_verifier_key,
    sign_note,
)
from gosync.sumdb.treehead import open_head

SEED = bytes(range(32))
SKEY, VKEY = generate_key("sum.example.test", seed=SEED)
SIGNER, VERIFIER = parse_signer_key(SKEY), parse_verifier_key(VKEY)
OTHER_SKEY, OTHER_VKEY = generate_key("witness.example.test", seed=b"w" * 32)
TEXT = "first\n\nthird, with ümlaut\n".encode()
NOTE = sign_note(TEXT, [SIGNER])

# sum.golang.org's own, as it was served in the autumn of 2026.
GOLANG_HEAD = """go.sum database tree
65209736
5+uGFjx6xBZG8ip1+wi77v+grwbhhukIrxEUS8PXvRo=

— sum.golang.org Az3grnbssgK7ubgFX36gVETtNv0U23qxyAhAMai2QUfeGa3nB/akvkMdlUErfcZz7l/R3cVtYspg3dxXABkGZZKdsQ8=
""".encode()  # noqa: E501 - one line is one line


def test_the_real_head_of_sum_golang_org_verifies_with_the_built_in_key():
    database = parse_gosumdb("sum.golang.org")
    assert database is not None
    head = open_head(GOLANG_HEAD, database.verifier())
    assert head.tree.n == 65209736
    assert base64.b64encode(head.tree.hash) == (
        b"5+uGFjx6xBZG8ip1+wi77v+grwbhhukIrxEUS8PXvRo="
    )
    assert head.note == GOLANG_HEAD


def test_the_real_head_with_another_size_does_not_verify():
    database = parse_gosumdb("sum.golang.org")
    assert database is not None
    with pytest.raises(SignatureError):
        open_head(GOLANG_HEAD.replace(b"65209736", b"65209737"), database.verifier())


def test_a_key_from_a_seed_is_the_one_of_rfc_8032():
    # Section 7.1, test 1.
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    _, vkey = generate_key("rfc", seed=bytes.fromhex(seed))
    assert base64.b64decode(vkey.split("+", 2)[2])[1:].hex() == public


def test_what_is_signed_opens():
    note = open_note(NOTE, [VERIFIER])
    assert note.text == TEXT
    assert [s.name for s in note.signatures] == ["sum.example.test"]
    assert note.signatures[0].key_hash == VERIFIER.key_hash
    assert note.unverified == ()


def test_random_keys_differ_and_work():
    skey, vkey = generate_key("a")
    assert generate_key("a")[1] != vkey
    signed = sign_note(b"x\n", [parse_signer_key(skey)])
    assert open_note(signed, [parse_verifier_key(vkey)]).text == b"x\n"


def test_cosignatures_of_unknown_keys_are_kept_aside():
    signed = sign_note(TEXT, [parse_signer_key(OTHER_SKEY), SIGNER])
    note = open_note(signed, [VERIFIER])
    assert len(note.signatures) == 1
    assert [s.name for s in note.unverified] == ["witness.example.test"]


def test_a_repeated_cosignature_is_kept_once():
    line = sign_note(TEXT, [parse_signer_key(OTHER_SKEY)]).split(b"\n\n")[-1]
    assert len(open_note(NOTE + line + line, [VERIFIER]).unverified) == 1


def test_two_known_keys_both_count():
    signed = sign_note(TEXT, [parse_signer_key(OTHER_SKEY), SIGNER])
    note = open_note(signed, [VERIFIER, parse_verifier_key(OTHER_VKEY)])
    assert len(note.signatures) == 2


def test_a_note_of_unknown_keys_only_is_refused():
    signed = sign_note(TEXT, [parse_signer_key(OTHER_SKEY)])
    with pytest.raises(SignatureError, match="witness"):
        open_note(signed, [VERIFIER])


def test_a_wrong_signature_of_a_known_key_is_refused_whoever_else_signed():
    other = parse_signer_key(OTHER_SKEY)
    lines = sign_note(b"another text\n", [SIGNER]).split(b"\n\n")[-1]
    signed = sign_note(TEXT, [other]) + lines
    with pytest.raises(SignatureError, match="does not verify"):
        open_note(signed, [VERIFIER, parse_verifier_key(OTHER_VKEY)])


def test_a_key_of_the_same_name_and_another_hash_is_unknown():
    skey, _ = generate_key("sum.example.test", seed=b"z" * 32)
    with pytest.raises(SignatureError, match="no signature"):
        open_note(sign_note(TEXT, [parse_signer_key(skey)]), [VERIFIER])


@pytest.mark.parametrize("position", range(0, len(TEXT), 5))
def test_one_flipped_bit_in_the_text_is_noticed(position):
    flipped = bytearray(NOTE)
    flipped[position] ^= 1
    with pytest.raises((SignatureError, MalformedError)):
        open_note(bytes(flipped), [VERIFIER])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\n",
        b"\n\n",
        TEXT,
        TEXT + b"\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"trailing\n",
        NOTE.replace("—".encode(), b"-"),
        NOTE.replace("— ".encode(), "—".encode()),
        NOTE.replace(b"first", b"fi\tst"),
        NOTE.replace(b"first", b"fi\rst"),
        NOTE.replace(b"first", b"fi\x00st"),
        NOTE.replace(b"first", b"fi\xffst"),
        NOTE.replace(b"first", b"fi\xed\xa0\x80st"),
        NOTE.replace(b"sum.example.test ", b"sum.example.test  "),
        NOTE.replace(b"sum.example.test ", b"sum+example "),
        NOTE.replace(b"sum.example.test ", b" "),
        NOTE.replace(b"=\n", b"\n"),
        TEXT + b"\n" + "— a AAAA\n".encode(),
        TEXT + b"\n" + "— a AAAAAA==\n".encode(),
        TEXT + b"\n" + "— a \n".encode(),
        b"x" * MAX_NOTE_BYTES + NOTE,
        NOTE + NOTE.split(b"\n\n")[-1] * MAX_SIGNATURES,
    ],
)
def test_what_is_no_note_is_malformed(message):
    with pytest.raises(MalformedError):
        open_note(message, [VERIFIER])


def test_base64_that_is_not_canonical_is_malformed():
    # 68 bytes end in one "=", so the last letter has two bits that carry nothing.
    head, tail = NOTE[:-3], NOTE[-2:]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    letter = alphabet[alphabet.index(NOTE[-3:-2]) ^ 1]
    with pytest.raises(MalformedError, match="canonical"):
        open_note(head + bytes([letter]) + tail, [VERIFIER])


@pytest.mark.parametrize("text", [b"", b"no newline", b"\x01\n", b"\xff\n"])
def test_a_text_that_a_note_may_not_have_is_not_signed(text):
    with pytest.raises(MalformedError):
        sign_note(text, [SIGNER])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+1234",
        "+00000000+" + VKEY.split("+", 2)[2],
        VKEY.replace("sum.", "sun."),
        VKEY.replace("sum.example", "sum example"),
        VKEY.upper(),
        VKEY[:-1],
        VKEY + "=",
        VKEY + "\n",
        " " + VKEY,
        VKEY.replace(VKEY.split("+")[1], VKEY.split("+")[1] + "0"),
        "name+00000000+AQ==",
        "name+00000000+AAAA",
        "name+-0000001+" + VKEY.split("+", 2)[2],
        "na\ud800me+00000000+" + VKEY.split("+", 2)[2],
        SKEY,
    ],
)
def test_what_is_no_verifier_key_is_malformed(vkey):
    with pytest.raises(MalformedError):
        parse_verifier_key(vkey)


@pytest.mark.parametrize(
    "skey",
    ["", VKEY, SKEY[:-1], SKEY.replace("sum.", "sun."), SKEY + "x", "PRIVATE+KEY+"],
)
def test_what_is_no_signer_key_is_malformed_and_never_shown(skey):
    with pytest.raises(MalformedError) as caught:
        parse_signer_key(skey)
    assert SKEY.split("+")[-1][:20] not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "\ud800"])
def test_a_key_needs_a_name_that_a_line_can_hold(name):
    with pytest.raises(MalformedError):
        generate_key(name, seed=SEED)


def test_a_seed_has_32_bytes():
    with pytest.raises(MalformedError):
        generate_key("a", seed=b"short")
