r"""Modules from text: a source becomes a zip, a go.mod and an .info.

A source is one text per module version, with marker lines as in Go's txtar:

    module: demo.example/Ink          a header of ``name: value`` lines
    version: v0.3.0
    time: 2024-03-05T10:00:00Z
    commit: 40 hex digits             optional, derived from the rest if absent
    -- go.mod --                      each file's content follows its marker
    module demo.example/Ink
    -- ink.go --
    ...

The zip has the names ``path@version/file`` in byte order, dates of 1980, and
contents deflated, but for those above 16 MiB, which are there to be large. The
go.mod is the source's own, or the one line that Go makes up when there is none.
Lines end with a line feed; the last file ends with the text.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gosync.clock import parse_time
from gosync.errors import MalformedError
from gosync.gomod.info import Origin, VersionInfo, format_info
from gosync.gomod.modfile import synthesize
from gosync.gomod.module import ModuleVersion, canonical_version, check
from gosync.gomod.pseudo import is_pseudo_version

_MARKER = re.compile(r"^-- (\S+) --\n", re.MULTILINE)
_DEFLATE_AT_MOST_BYTES = 16 << 20
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)


class ModuleSource(msgspec.Struct, frozen=True):
    """The text of one module version.

    Attributes:
        path: The module path.
        version: Its version.
        files: Contents by name relative to the module's root.
        time: The commit's time.
        commit: The commit's 40 hex digits, or "" for derived ones.
    """

    path: str
    version: str
    files: Mapping[str, bytes]
    time: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    commit: str = ""

    @property
    def module_version(self) -> ModuleVersion:
        """The path and version."""
        return ModuleVersion(self.path, self.version)


def parse_source(text: str) -> ModuleSource:
    """Parse one text source.

    Raises:
        MalformedError: if it has no valid header, or a file twice.
    """
    head, *rest = _MARKER.split(text)
    header = dict(_parse_header_line(line) for line in head.splitlines() if line)
    if not {"module", "version", "time"} <= header.keys():
        raise MalformedError("module source", head, "needs module, version and time")
    check(header["module"], header["version"])
    if canonical_version(header["version"]) != header["version"]:
        raise MalformedError("module source", header["version"], "is not canonical")
    files = dict(zip(rest[::2], (body.encode() for body in rest[1::2]), strict=True))
    if 2 * len(files) != len(rest):
        raise MalformedError("module source", header["module"], "a file comes twice")
    return ModuleSource(
        header["module"],
        header["version"],
        files,
        parse_time(header["time"]),
        header.get("commit", ""),
    )


def _parse_header_line(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(": ")
    if not colon:
        raise MalformedError("module source", line, "expected 'name: value'")
    return name, value.strip()


def samples_folder() -> Path:
    """Return where the samples are: in the package, or beside a checkout's."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "samples"
    return packed if packed.is_dir() else package.parent / "samples"


def load_sources(folder: Path) -> list[ModuleSource]:
    """Return the sources of a folder's text files, oldest first.

    Raises:
        MalformedError: if one cannot be parsed.
    """
    texts = (file.read_text(encoding="utf-8") for file in folder.glob("*.txt"))
    return sorted(map(parse_source, texts), key=lambda s: (s.time, s.path, s.version))


def commit_hash(source: ModuleSource) -> str:
    """Return the source's commit: its own, or one derived from its name.

    A pseudo-version ends with its commit's first digits, and so it does here.
    """
    if source.commit:
        return source.commit
    digest = hashlib.sha256(str(source.module_version).encode()).hexdigest()
    if is_pseudo_version(source.version):
        start = source.version.removesuffix("+incompatible").rpartition("-")[2]
        return (start + digest)[:40]
    return digest[:40]


def build_zip(source: ModuleSource) -> bytes:
    """Return the source's module zip, the same bytes every time."""
    prefix = f"{source.module_version}/"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(source.files, key=str.encode):
            content = source.files[name]
            entry = zipfile.ZipInfo(prefix + name, _FIRST_DATE)
            if len(content) <= _DEFLATE_AT_MOST_BYTES:
                entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def go_mod(source: ModuleSource) -> bytes:
    """Return the source's go.mod, or the one line Go makes up for none."""
    own = source.files.get("go.mod")
    return synthesize(source.path) if own is None else own


def version_info(source: ModuleSource) -> VersionInfo:
    """Return what the source's .info says."""
    tagged = not is_pseudo_version(source.version)
    tag = source.version.removesuffix("+incompatible")
    origin = Origin(
        vcs="git",
        url=f"https://{source.path}",
        hash=commit_hash(source),
        ref=f"refs/tags/{tag}" if tagged else "",
    )
    return VersionInfo(version=source.version, time=source.time, origin=origin)


def info_json(source: ModuleSource) -> bytes:
    """Return the source's .info."""
    return format_info(version_info(source))
