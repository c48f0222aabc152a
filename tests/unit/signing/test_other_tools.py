"""What gosync signs, ssh-keygen and openssl verify; what they sign, gosync does."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from gosync.gomod.module import ModuleVersion
from gosync.signing.attestation import sign_attestation
from gosync.signing.files import read_key, write_key
from gosync.signing.keys import (
    KeyKind,
    format_public_pem,
    generate_key,
    parse_public_key,
)

MESSAGE = b'{"format": 1}\n'
SSH = ("ssh-keygen", "-Y")
NAMED = ("-n", "gosync-bundle")


def run(*command: str | Path, message: bytes | None = None) -> str:
    """Run a tool; return what it said."""
    done = subprocess.run(
        command,
        input=message,
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        check=True,
        timeout=30,
    )
    return done.stdout.decode()


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    (tmp_path / "bundle.json").write_bytes(MESSAGE)
    return tmp_path


def test_ssh_keygen_verifies_what_gosync_signed(signed: Path):
    key = generate_key(KeyKind.ED25519)
    public = write_key(key, signed / "packer.key", comment="packer")
    allowed = signed / "allowed_signers"
    allowed.write_text(f"packer {public.read_text()}")
    signature = signed / "bundle.json.sig"
    signature.write_bytes(key.sign(MESSAGE))

    who = ("-f", allowed, "-I", "packer", "-s", signature)
    assert "Good" in run(*SSH, "verify", *NAMED, *who, message=MESSAGE)
    with pytest.raises(subprocess.CalledProcessError):
        run(*SSH, "verify", *NAMED, *who, message=MESSAGE + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        run(*SSH, "verify", "-n", "git", *who, message=MESSAGE)


@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
def test_gosync_verifies_what_ssh_keygen_signed(signed: Path, hash_name: str):
    file = signed / "id"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "two words", "-f", file)
    hashed = ("-O", f"hashalg={hash_name}")
    run(*SSH, "sign", *NAMED, *hashed, "-f", file, signed / "bundle.json")
    signature = (signed / "bundle.json.sig").read_bytes()

    public = parse_public_key(file.with_suffix(".pub").read_text())
    assert public.verify(MESSAGE, signature)
    assert not public.verify(MESSAGE + b" ", signature)
    assert read_key(file).public() == public
    shown = run("ssh-keygen", "-l", "-f", file.with_suffix(".pub"))
    assert public.fingerprint in shown


def test_openssl_verifies_what_gosync_signed_for_cosign(signed: Path):
    key = generate_key(KeyKind.ECDSA_P256)
    public = write_key(key, signed / "packer.key", comment="")
    assert public.read_text().startswith("-----BEGIN PUBLIC KEY-----\n")
    file, signature = signed / "bundle.json.sig", signed / "signature.der"
    file.write_bytes(key.sign(MESSAGE))
    assert re.fullmatch(rb"[A-Za-z0-9+/]+=*\n", file.read_bytes()), "one line"
    run("openssl", "base64", "-d", "-A", "-in", file, "-out", signature)
    run("openssl", "asn1parse", "-inform", "DER", "-in", signature)

    check = ("openssl", "dgst", "-sha256", "-verify", public, "-signature", signature)
    assert run(*check, signed / "bundle.json") == "Verified OK\n"
    (signed / "bundle.json").write_bytes(MESSAGE + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        run(*check, signed / "bundle.json")


@pytest.mark.parametrize("form", ["SEC 1", "PKCS #8"])
def test_gosync_verifies_what_openssl_signed(signed: Path, form: str):
    file, public = signed / "key.pem", signed / "key.pub"
    curve = ("-name", "prime256v1", "-genkey", "-noout")
    run("openssl", "ecparam", *curve, "-out", file)
    if form == "PKCS #8":
        data = run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", file)
        file.write_text(data)
    run("openssl", "ec", "-in", file, "-pubout", "-out", public)
    file.chmod(0o600)
    der = signed / "signature.der"
    run(
        "openssl", "dgst", "-sha256", "-sign", file, "-out", der, signed / "bundle.json"
    )
    signature = base64.b64encode(der.read_bytes())

    assert parse_public_key(public.read_text()).verify(MESSAGE, signature)
    assert not parse_public_key(public.read_text()).verify(b"else", signature)
    assert read_key(file).public() == parse_public_key(public.read_text())


@pytest.mark.parametrize("kind", KeyKind)
def test_openssl_verifies_what_gosync_attests(signed: Path, kind: KeyKind):
    key, mv = generate_key(kind), ModuleVersion("a.example/m", "v1.0.0")
    h1 = "h1:" + base64.b64encode(bytes(32)).decode()
    made = sign_attestation(key, mv, zip_h1=h1, zip_sha256=None, mod_h1=h1)
    envelope = json.loads(made)["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    what = envelope["payloadType"].encode()
    message, signature = signed / "message", signed / "signature"
    message.write_bytes(
        b"DSSEv1 %d %b %d %b" % (len(what), what, len(payload), payload)
    )
    signature.write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    public = signed / "public.pem"
    public.write_text(format_public_pem(key.public()))
    plain = ("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public)
    hashed = ("-digest", "sha256") if kind is KeyKind.ECDSA_P256 else ()
    check = (*plain, *hashed, "-in", message, "-sigfile", signature)
    assert "Verified Success" in run(*check)
    message.write_bytes(message.read_bytes() + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        run(*check)
