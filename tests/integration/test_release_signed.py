"""The sample that takes signed checksums of a release tool into `gosync release`."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from gosync.signing.files import write_key
from gosync.signing.keys import KeyKind, generate_key
from tests.integration.inprocess import InProcessSite
from tests.integration.site import CHECKOUT, OK
from tests.integration.siteconfig import Section

MODULE, VERSION = "corp.example/lib", "v1.2.0"
FILES = {
    "go.mod": f"module {MODULE}\n\ngo 1.21\n",
    "lib.go": "package lib\n",
    "LICENSE": "All rights reserved.\n",
}


class Release:
    """What a release tool leaves, and the site that it is taken into."""

    def __init__(self, folder: Path) -> None:
        self.dist = folder / "dist"
        self.dist.mkdir()
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.first, self.second = (generate_key(KeyKind.ECDSA_P256) for _ in range(2))
        write_key(self.first, self.keys / "first.key", comment="")
        write_key(self.second, self.keys / "second.key", comment="")
        self.checksums = self.dist / "checksums.txt"
        archive = self.dist / "lib_1.2.0_source.tar.gz"
        with tarfile.open(archive, "w:gz") as packed:
            for name, text in FILES.items():
                entry = tarfile.TarInfo(f"lib-1.2.0/{name}")
                entry.size = len(text)
                packed.addfile(entry, io.BytesIO(text.encode()))
        self.archive = archive
        (self.dist / "lib_1.2.0_linux_amd64.tar.gz").write_bytes(b"a binary's")
        lines = (
            f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n"
            for each in sorted(self.dist.glob("*.gz"))
        )
        self.checksums.write_text("".join(lines))
        message = self.checksums.read_bytes()
        signed = self.first.sign_sigstore(message)
        (self.dist / "checksums.txt.sigstore.json").write_bytes(signed)
        (self.dist / "checksums.txt.sig").write_bytes(self.second.sign(message))
        script = folder / "gosync"
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m gosync "$@"\n')
        script.chmod(0o755)
        self.gosync = script
        self.site = InProcessSite(
            folder / "site", upstream={"proxies": "off", "private": ["corp.example/*"]}
        )
        self.site.run("sync", expect=OK)

    def take(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the sample."""
        sample = CHECKOUT / "samples/release-signed.sh"
        known = {"GOSYNC": str(self.gosync), "KEYS": str(self.keys)}
        return subprocess.run(
            [sample, self.dist, f"{MODULE}@{VERSION}"],
            cwd=self.site.folder,
            env={**self.site.environment, **known, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @property
    def is_out(self) -> bool:
        """Whether the version is in the tree."""
        return (self.site.tree / MODULE / f"@v/{VERSION}.zip").exists()


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(tmp_path)


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_what_was_signed_is_released_and_attested(
    release: Release, is_asked_for: bool
) -> None:
    if is_asked_for:
        rule = {"patterns": [MODULE], "keys": [str(release.keys / "first.key.pub")]}
        asked: dict[str, Section] = {
            "policy": {f"require_signature.{key}": each for key, each in rule.items()}
        }
        release.site.declare(**asked)
    done = release.take(THRESHOLD="2", ATTEST=str(release.keys / "first.key"))
    assert done.returncode == 0, done.stderr
    assert release.is_out
    release.site.run("publish", expect=OK)
    tree, key = str(release.site.tree), str(release.keys / "first.key.pub")
    release.site.run("attest", "check", MODULE, "--tree", tree, "--key", key, expect=OK)


def _archive(release: Release) -> None:
    release.archive.write_bytes(release.archive.read_bytes() + b" ")


def _checksums(release: Release) -> None:
    _archive(release)
    digest = hashlib.sha256(release.archive.read_bytes()).hexdigest()
    text = f"{digest}  {release.archive.name}\n"
    release.checksums.write_text(text)


def _signature(release: Release) -> None:
    (release.dist / "checksums.txt.sig").unlink()


@pytest.mark.parametrize("harm", [_archive, _checksums, _signature])
def test_what_was_changed_is_not(release: Release, harm) -> None:
    harm(release)
    done = release.take(THRESHOLD="2")
    assert done.returncode != 0
    assert not release.is_out
