"""The real cosign 3 and gosync: each verifies what the other signed, offline.

Off by default; `GOSYNC_TEST_COSIGN=/path/to/cosign .venv/bin/pytest -n 0 -m foreign`
runs all of it, with the cosign of PATH where the variable is empty.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.signing.attestation import PREDICATE
from tests.go.cells import without_network
from tests.integration.inprocess import InProcessSite
from tests.integration.offered import offer
from tests.integration.site import OK, SECURITY, USAGE
from tests.integration.siteconfig import Section
from tests.simulator import Simulator

pytestmark = [pytest.mark.foreign, pytest.mark.slow]

MODULE = "corp.example/m"
PASSWORD = "not secret"
VERIFIED = "Verified OK"


class Cosign:
    """The command, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        found = os.environ.get("GOSYNC_TEST_COSIGN") or shutil.which("cosign")
        assert found, "name the command with GOSYNC_TEST_COSIGN"
        self._command = (*without_network(), found)
        self.folder = folder
        config = self.ok("signing-config", "create")
        (folder / "no-log.json").write_text(config[config.index("{") :])
        self.ok("generate-key-pair")

    def run(self, *arguments: str | Path) -> tuple[bool, str]:
        """Run it; return whether it ended well, and what it said."""
        done = subprocess.run(
            [*self._command, *map(str, arguments)],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)}
            | {"COSIGN_PASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode == 0, done.stdout + done.stderr

    def ok(self, *arguments: str | Path) -> str:
        """Run it to a good end."""
        is_well, said = self.run(*arguments)
        assert is_well, said
        return said

    def sign(self, message: Path, bundle: Path, key: str = "cosign.key") -> None:
        """Sign a file, without a log."""
        how = ("--signing-config", "no-log.json", "--key", key, "--bundle", bundle)
        self.ok("sign-blob", *how, message)

    def verifies(self, message: Path, bundle: Path, key: Path) -> bool:
        """Return whether it says that a signature is good."""
        how = ("--insecure-ignore-tlog", "--key", key, "--bundle", bundle)
        is_well, said = self.run("verify-blob", *how, message)
        assert is_well == (VERIFIED in said)
        return is_well


class KnowingSite(InProcessSite):
    """A site whose commands know cosign's password.

    Attributes:
        password: What it is; None where they do not.
    """

    password: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of each command."""
        known = {} if self.password is None else {"COSIGN_PASSWORD": self.password}
        return {**super().environment, **known}


class Station:
    """A site that makes bundles, and its keys."""

    def __init__(self, folder: Path, sim: Simulator, cosign: Cosign) -> None:
        offer(sim, MODULE, "v1.0.0")
        self.cosign = cosign
        self.folder = folder
        self.site = KnowingSite(folder / "site", sim, modules=[MODULE])
        self.site.password = PASSWORD
        self.run = self.site.run
        self.packer = self.key("packer", "ecdsa-p256")
        self.site.declare(target=[{"name": "inside", "keys": [str(self.packer)]}])
        self.run("sync", expect=OK)

    def key(self, name: str, kind: str) -> Path:
        """Make a key of gosync's; return its secret file."""
        said = self.run(
            "key", "new", name, "--kind", kind, "--dir", str(self.folder), expect=OK
        )
        return Path(said.document["secret_file"])

    def pem(self, key: Path) -> Path:
        """Return a file of a key's public part in PEM."""
        file = key.with_name(f"{key.name}.pem")
        file.write_text(self.run("key", "show", str(key), expect=OK).document["pem"])
        return file

    def bundle(self) -> Path:
        """Make a bundle; return its folder."""
        out = self.folder / "media"
        made = self.run("bundle", "create", "--out", str(out), expect=OK)
        return Path(made.document["folder"])

    def trust(self, *keys: Path, threshold: int = 1) -> Path:
        """Write a trust file of these keys."""
        shown = [self.run("key", "show", str(key), expect=OK).document for key in keys]
        file = self.folder / "trust.toml"
        text = f"threshold = {threshold}\n" + "".join(each["trust"] for each in shown)
        file.write_text(text)
        return file

    def signers(self, bundle: Path, trust: Path, expect: int = OK) -> list[str]:
        """Verify a bundle; return whose signatures counted."""
        how = ("--trust", str(trust))
        document = self.run(
            "bundle", "verify", str(bundle), *how, expect=expect
        ).document
        return [each["name"] for each in document.get("signed_by") or []]


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    (tmp_path / "cosign").mkdir()
    with Simulator() as sim:
        yield Station(tmp_path, sim, Cosign(tmp_path / "cosign"))


def _changed(bundle: Path) -> Path:
    """Return a copy of a bundle's header with one byte changed."""
    data = bytearray((bundle / "bundle.json").read_bytes())
    data[-5] ^= 1
    file = bundle.parent / "changed.json"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("kind", ["ecdsa-p256", "ed25519"])
def test_cosign_verifies_what_gosync_signed(station: Station, kind: str) -> None:
    key, other = station.key("officer", kind), station.key("other", kind)
    bundle = station.bundle()
    how = ("--key", str(key), "--label", "officer", "--sigstore")
    signed = Path(
        station.run("bundle", "sign", str(bundle), *how, expect=OK).document["file"]
    )
    verifies, header = station.cosign.verifies, bundle / "bundle.json"
    assert verifies(header, signed, station.pem(key))
    assert not verifies(_changed(bundle), signed, station.pem(key))
    assert not verifies(header, signed, station.pem(other))


@pytest.mark.parametrize("kind", ["ecdsa-p256", "ed25519"])
def test_gosync_counts_what_cosign_signed_as_the_second(
    station: Station, kind: str
) -> None:
    cosign, name = station.cosign, "cosign"
    if kind == "ed25519":
        plain = cosign.folder / "plain.key"
        command = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(plain)]
        subprocess.run(command, check=True, timeout=60)
        name = "imported"
        cosign.ok("import-key-pair", "--key", plain, "--output-key-prefix", name)
    public = cosign.folder / f"{name}.pub"
    bundle = station.bundle()
    trust = station.trust(station.packer, public, threshold=2)
    assert station.signers(bundle, trust, SECURITY) == []
    signature = bundle / "bundle.json.officer.sigstore.json"
    cosign.sign(bundle / "bundle.json", signature, f"{name}.key")
    assert sorted(station.signers(bundle, trust)) == sorted([name, "packer"])
    (bundle / "bundle.json.again.sigstore.json").write_bytes(signature.read_bytes())
    only = station.trust(public, station.key("third", "ed25519"), threshold=2)
    assert station.signers(bundle, only, SECURITY) == [], "one key counts once"
    cosign.sign(
        _changed(bundle), bundle / "bundle.json.bad.sigstore.json", f"{name}.key"
    )
    assert station.signers(bundle, trust, SECURITY) == []


def test_the_older_form_counts_too(station: Station) -> None:
    bundle, cosign = station.bundle(), station.cosign
    old = ("--new-bundle-format=false", "--use-signing-config=false")
    how = (*old, "--tlog-upload=false", "--key", "cosign.key", "--output-signature")
    signature = bundle / "bundle.json.officer.sig"
    cosign.ok("sign-blob", *how, signature, bundle / "bundle.json")
    trust = station.trust(cosign.folder / "cosign.pub")
    assert station.signers(bundle, trust) == ["cosign"]


def test_a_key_that_cosign_encrypted_signs_here(station: Station) -> None:
    cosign = station.cosign
    secret = cosign.folder / "cosign.key"
    station.site.declare(target=[{"name": "inside", "keys": [str(secret)]}])
    bundle = station.bundle()
    assert station.signers(bundle, station.trust(secret)) == ["cosign"]
    how = ("--key", str(secret), "--label", "again", "--sigstore")
    signed = station.run("bundle", "sign", str(bundle), *how, expect=OK).document[
        "file"
    ]
    public = cosign.folder / "cosign.pub"
    assert cosign.verifies(bundle / "bundle.json", Path(signed), public)
    station.site.password = "another"
    refused = station.run("bundle", "sign", str(bundle), *how, expect=USAGE)
    assert "the password does not open it" in refused.stderr
    station.site.password = None
    refused = station.run("bundle", "sign", str(bundle), *how, expect=USAGE)
    assert "COSIGN_PASSWORD" in refused.stderr


def test_attestations_both_ways(station: Station) -> None:
    cosign, run = station.cosign, station.run
    zip_file = station.site.tree / MODULE / "@v/v1.0.0.zip"
    keys = {kind: station.key(kind, kind) for kind in ("ecdsa-p256", "ed25519")}
    folder = station.site.tree / "documents/attestations" / MODULE / "@v/v1.0.0"
    for key in keys.values():
        before = set(folder.glob("*"))
        run("attest", "sign", MODULE, "--key", str(key), expect=OK)
        run("publish", expect=OK)
        (made,) = set(folder.iterdir()) - before
        how = ("--insecure-ignore-tlog", "--type", PREDICATE, "--key", station.pem(key))
        said = cosign.ok("verify-blob-attestation", *how, "--bundle", made, zip_file)
        assert VERIFIED in said
        other = station.site.tree / MODULE / "@v/v1.0.0.mod"
        assert not cosign.run("verify-blob-attestation", *how, "--bundle", made, other)[
            0
        ]

    predicate, theirs = cosign.folder / "predicate.json", cosign.folder / "theirs.json"
    predicate.write_text(f'{{"purl": "pkg:golang/{MODULE}@v1.0.0"}}')
    what = ("--predicate", predicate, "--type", PREDICATE)
    by = ("--signing-config", "no-log.json", "--key", "cosign.key", "--bundle", theirs)
    cosign.ok("attest-blob", *what, *by, zip_file)
    public = [str(cosign.folder / "cosign.pub"), f"{keys['ed25519']}.pub"]
    rule = {"patterns": [MODULE], "keys": public, "threshold": 2}
    sections: dict[str, Section] = {
        "policy": {f"require_signature.{key}": each for key, each in rule.items()}
    }
    station.site.declare(**sections)
    denied = run("sync", expect=OK).document["policy"]["denied"]
    assert "1 of 2 signatures" in denied[0]["reason"]
    run("attest", "add", str(theirs), expect=OK)
    assert run("sync", expect=OK).document["policy"]["denied"] == []
    assert zip_file.exists()
