"""Bundles taken apart and put together again around a lie: header and manifest fit."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import msgspec

from gosync.bundle.format.header import format_header
from gosync.bundle.format.manifest import Frame, Manifest, VolumeEntry, format_manifest
from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME
from gosync.bundle.read.chunks import ChunkDigests
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.zstd import FrameReader, write_frame


class Liar:
    """Takes a bundle apart and puts it together again around a lie."""

    def __init__(self, medium: Path) -> None:
        self.medium = medium
        self.folder = BundleFolder.open(medium)
        self.manifest = self.folder.manifest

    def frames(self, index: int) -> list[bytes]:
        """Return the contents of a segment's two frames."""
        segment = self.manifest.segments[index]
        found = []
        at = segment.offset
        with self.folder.volume(segment.volume) as volume:
            for frame in (segment.recipes, segment.contents):
                with FrameReader(
                    volume.read_at,
                    offset=at,
                    size_bytes=frame.size_bytes,
                    unpacked_bytes=frame.unpacked_bytes,
                ) as reader:
                    found.append(reader.read(frame.unpacked_bytes))
                at += frame.size_bytes
        return found

    def put(
        self, index: int, recipes: bytes, contents: bytes, *, claimed: int | None = None
    ) -> None:
        """Put two frames in a segment's place, and let all follow from it."""
        segment = self.manifest.segments[index]
        packed = [io.BytesIO(), io.BytesIO()]
        for data, sink in zip((recipes, contents), packed, strict=True):
            write_frame([data], sink, size_bytes=len(data))
        first, second = (sink.getvalue() for sink in packed)
        name = self.folder.header.volumes[segment.volume - 1].name
        path = self.medium / name
        old = path.read_bytes()
        path.write_bytes(old[: segment.offset] + first + second + old[segment.end :])
        size = len(contents) if claimed is None else claimed
        new = msgspec.structs.replace(
            segment,
            recipes=Frame(size_bytes=len(first), unpacked_bytes=len(recipes)),
            contents=Frame(size_bytes=len(second), unpacked_bytes=size),
        )
        moved = new.end - segment.end
        segments = [
            msgspec.structs.replace(each, offset=each.offset + moved)
            if each.volume == segment.volume and each.offset > segment.offset
            else each
            for each in self.manifest.segments
        ]
        segments[index] = new
        self.manifest = msgspec.structs.replace(self.manifest, segments=tuple(segments))
        self.finish()

    def finish(self, manifest: Manifest | None = None) -> None:
        """Write manifest, sums and header for what is there now."""
        lines = format_manifest(self._rebound(manifest or self.manifest))
        packed = io.BytesIO()
        write_frame([lines], packed, size_bytes=len(lines))
        (self.medium / MANIFEST_NAME).write_bytes(packed.getvalue())
        header = self.folder.header
        files = []
        for file in (header.manifest, *header.volumes):
            data = (self.medium / file.name).read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            files.append(
                msgspec.structs.replace(file, size_bytes=len(data), sha256=digest)
            )
        files[0] = msgspec.structs.replace(files[0], unpacked_bytes=len(lines))
        header = msgspec.structs.replace(
            header, manifest=files[0], volumes=tuple(files[1:])
        )
        (self.medium / HEADER_NAME).write_bytes(format_header(header))

    def _rebound(self, manifest: Manifest) -> Manifest:
        volumes = self.folder.header.volumes
        entries = tuple(volume_entry(self.medium / volume.name) for volume in volumes)
        return msgspec.structs.replace(manifest, volumes=entries)


def volume_entry(volume: Path) -> VolumeEntry:
    """Return what a manifest says of a volume's bytes."""
    chunks = ChunkDigests()
    chunks.update(volume.read_bytes())
    return VolumeEntry(chunks=chunks.finish())
