"""The list of a selection: whole, as a difference to another one, and back. Pure.

The list is what a manifest says of each version and artifact apart from how they
travel in that one bundle. Two lists are the same if their digests are: the SHA-256 over
one line of JSON for each version, by path, then version, and after them one for each
artifact, by kind, then name::

    ["<path>","<version>","<need>","<mod_h1>","<zip_h1>","<proof>",<record_id>,"<found_by>"]
    ["<kind>","<name>","<digest>",<size_bytes>]

with null for what is not known. Fields that a later gosync adds are no part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.bundle.format.listlines import DroppedEntry, GoneEntry, ListBase
from gosync.bundle.format.manifest import Manifest, VersionEntry, read_manifest
from gosync.bundle.format.manifest_checks import malformed

_encode_lines = msgspec.json.Encoder(order="sorted").encode_lines


class SelectionList(msgspec.Struct, frozen=True):
    """The list of a selection.

    Attributes:
        versions: Its versions, by path, then version.
        artifacts: Its artifacts, by kind, then name.
    """

    versions: tuple[VersionEntry, ...]
    artifacts: tuple[ArtifactEntry, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of its lines, hex."""
        versions = [
            (
                each.path,
                each.version,
                each.need,
                each.mod_h1,
                each.zip_h1,
                each.proof,
                each.record_id,
                each.found_by,
            )
            for each in self.versions
        ]
        artifacts = [(a.kind, a.name, a.digest, a.size_bytes) for a in self.artifacts]
        found = hashlib.sha256(_encode_lines(versions))
        found.update(_encode_lines(artifacts))
        return found.hexdigest()


def list_of(manifest: Manifest) -> SelectionList:
    """Return the list of a manifest that has it whole."""
    assert manifest.list_base is None
    return SelectionList(
        tuple(map(_bare, manifest.versions)),
        tuple(replace(each, segment=None) for each in manifest.artifacts),
    )


def as_difference(manifest: Manifest, base: SelectionList, base_id: str) -> Manifest:
    """Return a manifest whose list is told as a difference to another one.

    Args:
        manifest: The manifest, with its whole list.
        base: The other list.
        base_id: The bundle that has it.
    """
    whole = list_of(manifest)
    versions = {each.mv: each for each in base.versions}
    artifacts = {each.key: each for each in base.artifacts}
    told = tuple(e for e in manifest.versions if versions.get(e.mv) != e)
    kept = {each.mv for each in manifest.versions}
    gone = (each for each in base.versions if each.mv not in kept)
    shown = {each.key for each in manifest.artifacts}
    dropped = (each for each in base.artifacts if each.key not in shown)
    return replace(
        manifest,
        list_base=ListBase(
            base=base_id,
            digest=whole.digest,
            versions=len(whole.versions),
            artifacts=len(whole.artifacts),
        ),
        versions=told,
        gone=tuple(GoneEntry(path=e.path, version=e.version) for e in gone),
        artifacts=tuple(e for e in manifest.artifacts if artifacts.get(e.key) != e),
        dropped=tuple(DroppedEntry(kind=e.kind, name=e.name) for e in dropped),
    )


def completed(manifest: Manifest, base: SelectionList) -> Manifest:
    """Return a manifest with its whole list; the inverse of ``as_difference``.

    Args:
        manifest: The manifest; its list is a difference.
        base: The list that it is a difference to.

    Raises:
        MalformedError: it is a difference to another list than this one.
    """
    said = manifest.list_base
    assert said is not None
    versions = {each.mv: each for each in base.versions}
    versions |= {each.mv: each for each in manifest.versions}
    artifacts = {each.key: each for each in base.artifacts}
    artifacts |= {each.key: each for each in manifest.artifacts}
    for gone in manifest.gone:
        versions.pop(gone.mv, None)
    for dropped in manifest.dropped:
        artifacts.pop(dropped.key, None)
    whole = replace(
        manifest,
        list_base=None,
        versions=tuple(versions[mv] for mv in sorted(versions)),
        gone=(),
        artifacts=tuple(artifacts[key] for key in sorted(artifacts)),
        dropped=(),
    )
    if list_of(whole).digest != said.digest:
        raise malformed(f"its list is no difference to this one of {said.base}")
    return whole


def format_list(listed: SelectionList) -> bytes:
    """Return the lines of a list, as a manifest has them."""
    return _encode_lines(listed.versions) + _encode_lines(listed.artifacts)


def parse_list(pieces: Iterable[bytes]) -> SelectionList:
    """Parse the lines of a list.

    Args:
        pieces: The bytes, in pieces of any size.

    Raises:
        MalformedError: they are no list's.
    """
    return list_of(read_manifest(pieces))


def _bare(entry: VersionEntry) -> VersionEntry:
    """Return an entry without what is said of it only where it travels."""
    return replace(
        entry,
        segment=None,
        record=None,
        index_time=None,
        info_digest=None,
        mod_digest=None,
        zip_bytes=None,
    )
