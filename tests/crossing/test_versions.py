"""Bundles and their papers cross between each release and the present code.

Outside is one of the two, inside the other. Bundles come in order, too early, and with
a hole; one has an artifact of a kind that nobody knows, and fields that nobody knows
are put into the header, into every line of the manifest, the receipt and need.json.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gosync import __version__
from gosync.bundle.format.features import RELEASES
from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME
from gosync.bundle.read.zstd import unpack
from gosync.signing.files import read_key
from tests.crossing import released
from tests.crossing.freeze import RELEASES as FOLDER
from tests.crossing.freeze import digest_of_file, read_sums
from tests.crossing.released import PRESENT, CodeSite
from tests.integration.breaking import pack
from tests.integration.pair import GAP, VOLUME, bulky, carried_by
from tests.integration.site import OK, USAGE
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

MODULES = [f"std.example/bulk{number}" for number in range(4)]
UNKNOWN_KIND = "kind-of-2040"
UNKNOWN_FIELD = {"field-of-2040": {"deep": [1, None, "x"]}}


def test_releases_are_kept_as_they_were():
    archives = {path.name: digest_of_file(path) for path in FOLDER.glob("*.tar.xz")}
    assert archives == read_sums()
    assert set(RELEASES) >= set(released.releases())


class Crossing:
    """A site outside and one inside, by any code, and what is carried between them."""

    def __init__(self, folder: Path, sim: Simulator, outside: Path, inside: Path):
        self.media, self.papers = folder / "media", folder / "papers"
        self.media.mkdir()
        self.papers.mkdir()
        self._sim = sim
        self.outside = CodeSite(outside, folder / "outside", sim, "std.example/*")
        self.inside = CodeSite(inside, folder / "inside", sim)
        made = self.outside.run("key", "new", "packer", "--dir", str(self.papers))
        self.key = made.document["secret_file"]
        (self.papers / "trust.toml").write_text(made.document["trust"])
        target = {"name": "inside", "keys": [self.key]}
        self.outside.declare(target=[target])
        self.inside.declare(bundle={"trust": str(self.papers / "trust.toml")})

    def publish(self, *modules: str) -> None:
        """Let upstream have these, and outside follow."""
        for path in modules:
            self._sim.publish(bulky(path))
        self.outside.run("sync", expect=OK)

    def make(self, *arguments: str) -> Path:
        """Make a bundle, and put a field into it that nobody knows."""
        out = ("--out", str(self.media))
        made = self.outside.run("bundle", "create", *out, *arguments, expect=OK)
        bundle = Path(made.document["folder"])
        self._add_fields(bundle)
        return bundle

    def take(self, bundle: Path, expect: int = OK) -> dict[str, Any]:
        """Import a bundle."""
        papers = ("--receipt", str(self.receipt), "--need", str(self.need))
        command = ("bundle", "import", str(bundle), *papers)
        return self.inside.run(*command, expect=expect).document

    def ack(self) -> dict[str, Any]:
        """Take the receipt back, with a field that nobody knows."""
        _add_field(self.receipt)
        return self.outside.run("bundle", "ack", str(self.receipt), expect=OK).document

    @property
    def receipt(self) -> Path:
        return self.papers / "receipt.json"

    @property
    def need(self) -> Path:
        return self.papers / "need.json"

    def check(self) -> None:
        """Inside has what outside has, proven."""
        assert carried_by(self.inside) == carried_by(self.outside)
        self.inside.check_proven(self._sim)

    def _add_fields(self, bundle: Path) -> None:
        header = json.loads((bundle / HEADER_NAME).read_bytes())
        manifest = header["manifest"]
        data = (bundle / MANIFEST_NAME).read_bytes()
        lines = unpack(data, unpacked_bytes=manifest["unpacked_bytes"]).splitlines()
        changed = [{**json.loads(line), **UNKNOWN_FIELD} for line in lines]
        plain = b"".join(msgspec.json.encode(line) + b"\n" for line in changed)
        packed = pack(plain)
        (bundle / MANIFEST_NAME).write_bytes(packed)
        manifest["size_bytes"], manifest["unpacked_bytes"] = len(packed), len(plain)
        manifest["sha256"] = hashlib.sha256(packed).hexdigest()
        signed = json.dumps({**header, **UNKNOWN_FIELD}).encode()
        (bundle / HEADER_NAME).write_bytes(signed)
        secret = read_key(Path(self.key))
        (bundle / f"{HEADER_NAME}.sig").write_bytes(secret.sign(signed))


def _add_field(paper: Path) -> None:
    paper.write_text(json.dumps({**json.loads(paper.read_bytes()), **UNKNOWN_FIELD}))


@pytest.fixture(params=released.releases())
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["outside", "inside"])
def crossing(
    request: pytest.FixtureRequest, version: str, tmp_path: Path
) -> Iterator[Crossing]:
    """The release is on the side that the parameter names."""
    old = released.unpack(version, tmp_path)
    codes = (old, PRESENT) if request.param == "outside" else (PRESENT, old)
    with Simulator() as sim:
        crossing = Crossing(tmp_path, sim, *codes)
        sites = dict(zip(("outside", "inside"), codes, strict=True))
        for name, code in sites.items():
            found = getattr(crossing, name).code_is()
            assert found == (version if code == old else __version__, code)
        yield crossing


def test_bundles_and_papers_cross(crossing: Crossing):
    crossing.outside.keep_artifact("document", "a.txt", "known")
    crossing.outside.keep_artifact(UNKNOWN_KIND, "b.txt", "not known")
    crossing.publish(MODULES[0])
    bundle = crossing.make()
    taken = crossing.take(bundle)
    assert taken["artifacts_skipped"] == {UNKNOWN_KIND: 1}
    assert taken["now"]["artifacts"] == 1
    crossing.check()


@pytest.mark.long
def test_increments_gaps_and_repairs_cross(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        Crossing, "_add_fields", lambda *_: None
    )  # ids as in the ledger
    crossing.publish(MODULES[0])
    crossing.take(crossing.make())
    crossing.ack()
    crossing.publish(MODULES[1])
    second = crossing.make()
    crossing.publish(MODULES[2])
    third = crossing.make("--base", "sealed")

    crossing.take(third, expect=GAP)
    assert second.exists()
    _add_field(crossing.need)
    repair = crossing.make("--need", str(crossing.need))
    crossing.take(repair)
    crossing.check()
    assert crossing.ack()["state"] == "acked"
    crossing.publish(MODULES[3])
    crossing.take(crossing.make())
    crossing.check()


@pytest.mark.long
def test_what_is_larger_than_a_volume_is_not_made_for_who_cannot_read_it(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        Crossing, "_add_fields", lambda *_: None
    )  # ids as in the ledger
    old = released.unpack(version, tmp_path)
    with Simulator() as sim:
        crossing = Crossing(tmp_path, sim, PRESENT, old)
        target = {"name": "inside", "keys": [crossing.key]}
        crossing.publish(MODULES[0])

        # Before the first receipt nobody knows; the old one says what it lacks.
        crossing.outside.declare(target=[{**target, "volume_size": "8KiB"}])
        refused = crossing.take(crossing.make(), expect=VOLUME)
        assert "a newer gosync (long-segments)" in refused["message"]

        crossing.outside.declare(target=[target])
        crossing.take(crossing.make("--full"))
        crossing.ack()
        crossing.outside.declare(target=[{**target, "volume_size": "8KiB"}])
        crossing.publish(MODULES[1])
        out = ("--out", str(crossing.media))
        made = crossing.outside.run("bundle", "create", *out, expect=USAGE)
        assert "goes on in the next volume" in made.document["message"]
