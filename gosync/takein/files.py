"""Files of one version in a source, made from its zip where they are missing."""

from __future__ import annotations

from gosync.clock import Clock
from gosync.gomod import modfile
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version, pseudo_version_time
from gosync.takein.source import VersionSource
from gosync.upstream.answer import Served


class VersionFiles:
    """Reads files of versions from one source."""

    def __init__(self, source: VersionSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock

    def info(self, mv: ModuleVersion) -> bytes:
        """Return the ``.info``; where it is missing, one that says what is known.

        Raises:
            RejectedError: The source's cannot be read.
        """
        found = self._source.read(mv, FileKind.INFO)
        if found is not None:
            return found
        is_pseudo = is_pseudo_version(mv.version)
        time = pseudo_version_time(mv.version) if is_pseudo else None
        return format_info(VersionInfo(mv.version, time))

    def mod(self, mv: ModuleVersion) -> bytes:
        """Return the ``.mod``; where it is missing, the go.mod of the zip.

        Raises:
            RejectedError: The source's cannot be read.
        """
        found = self._source.read(mv, FileKind.MOD)
        if found is not None:
            return found
        with self._source.open_zip(mv) as (read_at, size_bytes):
            inside = scan_zip(read_at, size_bytes, mv).go_mod
        return modfile.synthesize(mv.path) if inside is None else inside

    def served(self, mv: ModuleVersion, kind: FileKind, size_bytes: int) -> Served:
        """Return where a file came from, as the gate is told of an answer."""
        return Served(
            url=self._source.place(mv, kind),
            status=200,
            headers={},
            at=self._clock.now(),
            size_bytes=size_bytes,
            framed=True,
        )
