"""Secret keys that cosign encrypted: opened by their password alone."""

from __future__ import annotations

import base64
import json

import pytest

from gosync.errors import UsageError
from gosync.signing.cosignkey import is_encrypted
from gosync.signing.keys import format_public_key, parse_secret_key

# Of `cosign import-key-pair`, 3.1.3, with the password "secret"; no key of anybody's.
KEY = b"""\
-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJMMCtDeXBjZUVZQm9uTUxlODdrRmNUMGt5QmpmbmdN
eGw0TStqVWV3NDh3PSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiIvRE1kMW5UQjV0aU51aEVZemlCQy83RCtsNEVoUkxwNiJ9LCJj
aXBoZXJ0ZXh0IjoiRHRJZEZlSWdYTlVzZHppV21DOHJpMXdVUDNjdjlvZTc0SWF0
Q1JHcFltZ05tc0drZGU0cThUc2d6aFl2Yk11V2Z3Q0VUdWxObjlMWUlrb3RDVlVw
VEpDSnVnakZzVk9KL3g4dythTXFId1hrK0taNmpVQktJaWlWUE9iZ1hINE1yS09L
YmtpcGorSGRYMEM4UnlFLzhtT0tEMUVMMld0MzdYMWJEWUFPelErdUx6RTB5M2s2
aHJTNnNtdU5KZTVEY3R3N1Z5dG5aWENBWFE9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
"""
PUBLIC = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7DRFcONvHtl6fh46NTg6a/P26bkK
CGS7d8uMB52bmAF32bvinkDUTxDg1nPBvIBrBoAp31Ao9HL/TkB1oGhvvg==
-----END PUBLIC KEY-----
"""


def test_its_password_opens_it():
    key = parse_secret_key(KEY, subject="cosign.key", password="secret")
    assert format_public_key(key.public()) == PUBLIC
    assert is_encrypted(KEY.replace(b"SIGSTORE", b"COSIGN")), "as older ones are"


@pytest.mark.parametrize("password", [None, "Secret"])
def test_nothing_else_does(password: str | None):
    with pytest.raises(UsageError, match=r"cosign\.key: ") as refused:
        parse_secret_key(KEY, subject="cosign.key", password=password)
    assert "COSIGN_PASSWORD" in str(refused.value.hint)


def _of(**changes: object) -> bytes:
    body = b"".join(KEY.split(b"\n")[1:-2])
    document = {**json.loads(base64.b64decode(body)), **changes}
    text = base64.b64encode(json.dumps(document).encode())
    name = b"ENCRYPTED SIGSTORE PRIVATE KEY-----"
    return b"-----BEGIN %b\n%b\n-----END %b\n" % (name, text, name)


def _scrypt(**params: object) -> dict[str, object]:
    asked = {"N": 16, "r": 8, "p": 1, **params}
    return {"name": "scrypt", "params": asked, "salt": "AAAA"}


@pytest.mark.parametrize(
    "data",
    [
        _of(kdf=_scrypt(N=1 << 40)),
        _of(kdf=_scrypt(N=1 << 21, r=64)),
        _of(kdf=_scrypt(N=15)),
        _of(kdf={**_scrypt(), "name": "argon2"}),
        _of(kdf=_scrypt(), cipher={"name": "nacl/secretbox", "nonce": "AAAA"}),
        _of(kdf=_scrypt(), ciphertext="not base64"),
        _of(ciphertext=7),
    ],
)
def test_what_is_none_is_refused(data: bytes):
    assert is_encrypted(data)
    with pytest.raises(UsageError, match="not a secret key of cosign's"):
        parse_secret_key(data, subject="cosign.key", password="secret")
