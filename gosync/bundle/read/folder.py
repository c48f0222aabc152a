"""The folder of a bundle on a medium, opened to read.

Nothing is opened by a name that came from a bundle: names are those of ``format``,
or were found by listing the medium. Some media change the case of names, so case
does not count.

What is believed is read once: header and signatures are kept as they were read first,
the manifest is hashed as it is read, and of a volume only chunks are handed out that
were held against the manifest after they were read (``chunks``).

An error that the medium gives, and bytes that are not those that the header binds,
are VolumeErrors: another copy may be whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

from gosync.bundle.format.extents import is_long, volumes_of
from gosync.bundle.format.features import DIFFERENCES, LONG_SEGMENTS
from gosync.bundle.format.header import FileEntry, Header, bundle_id, parse_header
from gosync.bundle.format.manifest import Manifest, Segment, read_manifest
from gosync.bundle.format.names import (
    HEADER_NAME,
    MANIFEST_NAME,
    MAX_FILES,
    MAX_HEADER_BYTES,
    MAX_SIGNATURE_BYTES,
    SUMS_NAME,
    is_signature_name,
)
from gosync.bundle.read.chunks import (
    ProvenChunks,
    ProvenRow,
    ProvenVolume,
    check_volumes,
)
from gosync.bundle.read.medium import (
    COPY_AGAIN,
    OWN_FOLDER,
    FolderMedium,
    Medium,
    MediumFile,
    ReopenedFile,
)
from gosync.bundle.read.zstd import PIECE_BYTES, unpack_pieces
from gosync.errors import MalformedError, RejectedError, VolumeError
from gosync.signing.trust import MAX_SIGNATURES
from gosync.work.progress import NoProgress, Progress

_ASK_ANEW = "ask for a new bundle, made by a gosync that is not newer than this one"
_BRING_REST = "bring the rest of the bundle's files into this folder"
_SHOWN_NAMES = 5


class BundleFolder:
    """One bundle on a medium.

    Attributes:
        name: What messages call it: its folder.
        header_bytes: The header as it is there.
        header: What it says; nobody vouches for it yet.
        id: The bundle's id.
    """

    def __init__(
        self, medium: Medium, names: dict[str, str], header_bytes: bytes
    ) -> None:
        self.name = medium.name
        self.header_bytes = header_bytes
        self.header: Header = parse_header(header_bytes)
        self.id = bundle_id(header_bytes)
        self._medium = medium
        self._names = names
        self._chunks = ProvenChunks()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the header of the bundle in a folder; errors as ``read``."""
        return cls.read(FolderMedium(path))

    @classmethod
    def read(cls, medium: Medium) -> Self:
        """Read the header of the bundle on a medium.

        Raises:
            VolumeError: there is no bundle, or it cannot be read.
            MalformedError: the header is none that this gosync can read.
        """
        names = _list(medium)
        if HEADER_NAME not in names:
            raise VolumeError(
                f"{medium.name}: there is no {HEADER_NAME}",
                hint="name the folder of one bundle",
            )
        return cls(medium, names, _read(medium, names[HEADER_NAME], MAX_HEADER_BYTES))

    @cached_property
    def signatures(self) -> Mapping[str, bytes]:
        """The signature files by name, in lower case, as they were read first.

        Raises:
            VolumeError: one cannot be read, or is too large for a signature, or
                there are too many.
        """
        names = sorted(filter(is_signature_name, self._names))
        if len(names) > MAX_SIGNATURES:
            raise VolumeError(
                f"{self.name}: more than {MAX_SIGNATURES} signatures", hint=OWN_FOLDER
            )
        limit = MAX_SIGNATURE_BYTES
        return {name: _read(self._medium, self._names[name], limit) for name in names}

    def check_names(self, *, missing_ok: bool = False) -> None:
        """Check that every file is there with its size, and no other file.

        Args:
            missing_ok: Whether files may be missing, as when they come one by one.

        Raises:
            VolumeError: one is missing, of another size, or too many.
        """
        declared = {file.name: file for file in self.header.files}
        for name, found in sorted(self._names.items()):
            known = name in {HEADER_NAME, SUMS_NAME.lower(), *declared}
            if not (known or is_signature_name(name)):
                raise VolumeError(
                    f"{self.name}: {found!r} is no file of this bundle",
                    hint=OWN_FOLDER,
                )
        missing = [name for name in declared if name not in self._names]
        if missing and not missing_ok:
            raise VolumeError(
                f"{self.name}: {_listed(missing)} of {len(declared)} files missing",
                hint=_BRING_REST,
            )
        for name, file in declared.items():
            if name not in missing:
                with self._opened(file) as opened:
                    _check_size(opened.name, file, opened.size_bytes)

    def check_sums(self) -> None:
        """Check that SHA256SUMS, which is written last, is here and names this header.

        Raises:
            VolumeError: it is not, or cannot be read: the folder is still written.
        """
        name = self._names.get(SUMS_NAME.lower())
        if name is None:
            raise VolumeError(
                f"{self.name}: there is no {SUMS_NAME} yet", hint=_BRING_REST
            )
        lines = _read(self._medium, name, MAX_HEADER_BYTES).decode("utf-8", "replace")
        if f"{self.id}  {HEADER_NAME}" not in lines.splitlines():
            raise VolumeError(
                f"{self.name}: {SUMS_NAME} is not of this header", hint=_BRING_REST
            )

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest, proven by the header; it fits the header's volumes.

        Whoever knows the list that its own is a difference to puts the whole one here.

        Raises:
            VolumeError: it is missing, unreadable, or not what the header binds.
            MalformedError: it is no manifest, or not of these volumes.
        """
        file = self.header.manifest
        files = self.header.manifest_files
        data = b"".join(piece for each in files for piece in self.pieces(each))
        _check_digest(MANIFEST_NAME, file, hashlib.sha256(data).hexdigest())
        found = read_manifest(unpack_pieces(data, unpacked_bytes=file.unpacked_bytes))
        check_volumes(self.header.volumes, found.volumes, found.segments)
        if found.list_base is not None and DIFFERENCES not in self.header.requires:
            raise MalformedError(MANIFEST_NAME, "", "a difference that none requires")
        if LONG_SEGMENTS not in self.header.requires:
            self._check_short(found)
        return found

    def _check_short(self, manifest: Manifest) -> None:
        """Check that each segment lies in one volume: the header requires no more."""
        for segment in manifest.segments:
            if is_long(segment, self.header.volumes):
                name = self.header.volumes[segment.volume - 1].name
                raise MalformedError(
                    MANIFEST_NAME, "", f"{name} lacks some of a segment"
                )

    def check_volume(self, number: int, progress: Progress | None = None) -> None:
        """Read a volume, counted from 1, and prove it by the header.

        Raises:
            VolumeError: it is missing, unreadable, or not what the header binds.
        """
        watcher = progress or NoProgress()
        for piece in self.pieces(self.header.volumes[number - 1]):
            watcher.advance(0, size_bytes=len(piece))

    def pieces(self, file: FileEntry) -> Iterator[bytes]:
        """Yield the bytes of the manifest or a volume; consume all to prove them.

        Raises:
            VolumeError: it is missing, unreadable, or not what the header binds.
        """
        digest = hashlib.sha256()
        size_bytes = 0
        with self._opened(file) as opened:
            while size_bytes <= file.size_bytes and (
                piece := opened.read_at(size_bytes, PIECE_BYTES)
            ):
                digest.update(piece)
                size_bytes += len(piece)
                yield piece
        _check_size(opened.name, file, size_bytes)
        _check_digest(opened.name, file, digest.hexdigest())

    @contextmanager
    def volume(self, number: int) -> Iterator[ProvenVolume]:
        """Open a volume, counted from 1; each read of it is proven by the manifest.

        Raises:
            VolumeError: it is missing or unreadable.
            MalformedError: the manifest is none.
        """
        file = self.header.volumes[number - 1]
        digests = self.manifest.volumes[number - 1].chunks
        with self._opened(file) as opened:
            yield ProvenVolume(number, opened, file.size_bytes, digests, self._chunks)

    @contextmanager
    def holding(self, segment: Segment) -> Iterator[ProvenVolume | ProvenRow]:
        """Open the volumes of a segment; offsets count from where the first begins.

        Raises:
            VolumeError: one is missing or unreadable.
            MalformedError: the manifest is none.
        """
        numbers = volumes_of(segment, self.header.volumes)
        if len(numbers) == 1:
            with self.volume(segment.volume) as volume:
                yield volume
            return
        yield ProvenRow([self._reopened(number, numbers) for number in numbers])

    def _reopened(self, number: int, numbers: range) -> ProvenVolume:
        """Return one of the volumes of a long segment."""
        files = self.header.volumes
        file = files[number - 1]
        if file.name not in self._names:
            first, last = files[numbers[0] - 1].name, files[numbers[-1] - 1].name
            raise VolumeError(
                f"{self.name}: {file.name} is missing; something that is larger than a"
                f" volume lies in {first} to {last}",
                hint="bring these volumes into one folder",
            )
        opened = ReopenedFile(self._medium, self._names[file.name])
        digests = self.manifest.volumes[number - 1].chunks
        return ProvenVolume(number, opened, file.size_bytes, digests, self._chunks)

    @contextmanager
    def _opened(self, file: FileEntry) -> Iterator[MediumFile]:
        if file.name not in self._names:
            raise VolumeError(f"{self.name}: {file.name} is missing", hint=_BRING_REST)
        with self._medium.open(self._names[file.name]) as opened:
            yield opened


def _list(medium: Medium) -> dict[str, str]:
    """Return the names on a medium by their lower case."""
    found = medium.names(MAX_FILES + 1)
    if len(found) > MAX_FILES:
        raise VolumeError(
            f"{medium.name}: more than {MAX_FILES} files", hint=OWN_FOLDER
        )
    names: dict[str, str] = {}
    for name in found:
        before = names.setdefault(name.lower(), name)
        if before != name:
            raise VolumeError(
                f"{medium.name}: {before!r} and {name!r} differ in case only",
                hint=OWN_FOLDER,
            )
    return names


def _read(medium: Medium, name: str, limit_bytes: int) -> bytes:
    with medium.open(name) as opened:
        if opened.size_bytes > limit_bytes:
            raise VolumeError(
                f"{opened.name}: over {limit_bytes} bytes", hint=COPY_AGAIN
            )
        return opened.read_at(0, limit_bytes)


@contextmanager
def blaming(medium: Path) -> Iterator[None]:
    """Say of what breaks a rule that the bundle is to blame: nothing goes on there.

    Raises:
        VolumeError: for a RejectedError inside.
    """
    try:
        yield
    except RejectedError as error:
        raise VolumeError(f"{medium}: {error}", hint=_ASK_ANEW) from error


def _check_size(name: str, file: FileEntry, found: int) -> None:
    if found != file.size_bytes:
        raise VolumeError(
            f"{name}: {found} bytes, the header says {file.size_bytes}",
            hint=COPY_AGAIN,
        )


def _check_digest(name: str, file: FileEntry, found: str) -> None:
    if found != file.sha256:
        raise VolumeError(
            f"{name}: its bytes are not those that the header binds"
            f" (SHA-256 {found}, want {file.sha256})",
            hint=COPY_AGAIN,
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
