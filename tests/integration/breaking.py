"""A pair of sites before a bundle that will be broken, and tools to break it.

``Stage`` has bundles 1 and 2 of one site outside, and gives out copies of a site
inside that took bundle 1. It has the packer's key: what it rewrites is signed well.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from gosync.artifact import DOCUMENT
from gosync.bundle.format.header import Header, format_header, parse_header
from gosync.bundle.format.manifest import (
    Manifest,
    VolumeEntry,
    format_manifest,
    parse_manifest,
)
from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME
from gosync.bundle.format.selectionlist import as_difference, completed, list_of
from gosync.bundle.read.chunks import ChunkDigests
from gosync.bundle.read.zstd import unpack, write_frame
from gosync.signing.files import read_key
from tests.integration.pair import Machines, Pair, bulky
from tests.integration.site import OK, Site, digests
from tests.integration.steps import Run
from tests.integration.wreck import snapshot
from tests.simulator import Simulator
from tests.simulator.standard import PRIVATE, UPPER, module

SIGNATURE = f"{HEADER_NAME}.sig"


class Stage:
    """Bundles 1 and 2 of one site outside; copies of a site inside that has 1."""

    def __init__(self, folder: Path, sim: Simulator, machines: Machines) -> None:
        self._folder = folder
        self.machines = machines
        self.sim = sim
        sim.log.grow(700)
        for version in ("v1.0.0", "v1.1.0"):
            sim.publish(module(UPPER, version, say=version * 100))
        sim.publish_private(module(PRIVATE, "v1.0.0"))
        self.pair = self.new_pair(folder / "pair")
        self.pair.sync()
        self.one = self.pair.make()
        self.pair.take(self.one)
        self.pair.ack()
        sim.publish(module(UPPER, "v1.2.0", say="v1.1.0" * 99))
        for number in range(4):
            sim.publish(bulky(f"std.example/bulk{number}"))
        sim.log.grow(500)
        self.pair.sync()
        for number in range(2):
            self.pair.keep(DOCUMENT, f"a/{number}.txt", b"%d" % number * 40_000)
        self.two = self.pair.make()
        self.start = folder / "start"
        shutil.copytree(self.pair.inside.folder, self.start)
        self.tree = digests(self.pair.inside.tree)
        self.trust = (self.pair.papers / "trust.toml").read_text()
        site = self.site()
        assert self.take(self.two, site).code == OK
        self.want = snapshot(site)

    def new_pair(self, folder: Path) -> Pair:
        """Return two sites that have nothing yet, and select the same."""
        return Pair(
            folder,
            self.sim,
            self.machines,
            modules=["std.example/*", PRIVATE],
            private=["corp.example"],
            volume_size="64KiB",
        )

    def site(self, start: Path | None = None) -> Site:
        """Return the site inside as it is with bundle 1, always in one folder.

        Args:
            start: A copy of its folder at another time.
        """
        put_back(start or self.start, self.pair.inside.folder)
        (self.pair.papers / "trust.toml").write_text(self.trust)
        return self.pair.inside

    def medium(self, bundle: Path | None = None) -> Path:
        """Return a medium with a copy of a bundle, by default of the second."""
        folder = self._folder / "medium"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(bundle or self.two, folder)
        return folder

    def take(self, medium: Path, site: Site, **how: object) -> Run:
        """Import; see Stepper.run."""
        command = self.pair.import_command(medium)
        return self.machines.inside.run(site, *command, **how)  # type: ignore[arg-type]

    def sign(self, medium: Path, key: str = "packer", name: str = SIGNATURE) -> None:
        """Sign a medium's header."""
        secret = read_key(self.pair.papers / f"{key}.key")
        header = (medium / HEADER_NAME).read_bytes()
        (medium / name).write_bytes(secret.sign(header))

    def rewrite(self, medium: Path, **changes: object) -> None:
        """Change fields of the header, and sign it as the packer would."""
        header = read_header(medium)
        changed: Header = msgspec.structs.replace(header, **changes)
        (medium / HEADER_NAME).write_bytes(format_header(changed))
        self.sign(medium)

    def rewrite_manifest(
        self, medium: Path, change: Callable[[Manifest], Manifest]
    ) -> None:
        """Change the manifest, bind it in the header, and sign that.

        What is changed has its whole list; it is written as a difference again.
        """
        found = read_manifest(medium)
        if found.list_base is None:
            changed = change(found)
        else:
            base = list_of(read_manifest(self.one))
            changed = change(completed(found, base))
            changed = as_difference(changed, base, found.list_base.base)
        plain = format_manifest(changed)
        self.put_manifest(medium, pack(plain), unpacked_bytes=len(plain))

    def put_manifest(self, medium: Path, data: bytes, *, unpacked_bytes: int) -> None:
        """Exchange the manifest's bytes, bind them in the header, and sign that."""
        file = read_header(medium).manifest
        (medium / MANIFEST_NAME).write_bytes(data)
        entry = msgspec.structs.replace(
            file,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            unpacked_bytes=unpacked_bytes,
        )
        self.rewrite(medium, manifest=entry)

    def rebind_volume(self, medium: Path, number: int) -> None:
        """Bind a volume as it is now in header and manifest, and sign that."""
        volumes = list(read_header(medium).volumes)
        data = (medium / volumes[number - 1].name).read_bytes()
        chunks = ChunkDigests()
        chunks.update(data)
        bound = VolumeEntry(chunks=chunks.finish())

        def change(manifest: Manifest) -> Manifest:
            before, after = manifest.volumes[: number - 1], manifest.volumes[number:]
            return msgspec.structs.replace(manifest, volumes=(*before, bound, *after))

        self.rewrite_manifest(medium, change)
        volumes[number - 1] = msgspec.structs.replace(
            volumes[number - 1],
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        self.rewrite(medium, volumes=tuple(volumes))


def put_back(copy: Path, folder: Path) -> None:
    """Let a folder be as it was when it was copied, or copy it so."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "-a", f"{copy}", f"{folder}"], check=True)


def read_header(bundle: Path) -> Header:
    """Return a bundle's header."""
    return parse_header((bundle / HEADER_NAME).read_bytes())


def read_manifest(bundle: Path) -> Manifest:
    """Return a bundle's manifest."""
    file = read_header(bundle).manifest
    data = (bundle / MANIFEST_NAME).read_bytes()
    return parse_manifest(unpack(data, unpacked_bytes=file.unpacked_bytes))


def pack(data: bytes) -> bytes:
    """Return a frame that holds these bytes."""
    sink = io.BytesIO()
    write_frame([data], sink, size_bytes=len(data))
    return sink.getvalue()
