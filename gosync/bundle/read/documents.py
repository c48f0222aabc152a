"""JSON documents about a bundle, for ``--json`` and ``--report``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gosync.bundle.format.artifacts import (
    ArtifactEntry,
    known_artifacts,
    skipped_artifacts,
)
from gosync.bundle.format.header import Header
from gosync.store.durable import replace_file
from gosync.text import printable

_SHOWN_RULES = 40

if TYPE_CHECKING:
    from gosync.bundle.format.manifest import (
        OmittedEntry,
        ShrinkEntry,
        WithdrawnEntry,
    )
    from gosync.bundle.read.folder import BundleFolder
    from gosync.bundle.read.logproof import LogProof
    from gosync.bundle.read.proving import Proven
    from gosync.signing.trust import SignedBy


def inspected_document(
    folder: BundleFolder, signatures: Sequence[str]
) -> dict[str, object]:
    """Return what a bundle says of itself."""
    return {
        "folder": str(folder.path.absolute()),
        "bundle": header_document(folder.header, folder.id),
        "signatures": list(signatures),
        "omitted": omitted_document(folder.manifest.omitted),
        "artifacts": artifacts_document(folder.manifest.artifacts),
        "shrink": shrink_document(folder.manifest.shrink),
        "withdrawn": list(map(withdrawn_document, folder.manifest.withdrawn)),
    }


def verified_document(
    folder: BundleFolder,
    signed_by: Sequence[SignedBy] | None,
    proven: Proven,
    *,
    log: LogProof | None,
    head_proven: bool,
) -> dict[str, object]:
    """Return what was proven of a bundle."""
    return {
        **inspected_document(folder, list(folder.signatures)),
        "signed_by": None if signed_by is None else [_signer(s) for s in signed_by],
        "head_proven": head_proven,
        "proven": proven_document(proven),
        "log": None if log is None else msgspec.to_builtins(log),
    }


def header_document(header: Header, identity: str) -> dict[str, object]:
    """Return a header with its id, and what follows from it."""
    fields: dict[str, object] = msgspec.to_builtins(header)
    return {"id": identity, **fields, "size_bytes": header.size_bytes}


def write_report(path: Path, document: Mapping[str, object]) -> None:
    """Write a document, whole or not at all.

    Raises:
        StoreError: it cannot be written.
        NoSpaceError: the disk is full.
    """
    data = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    replace_file(path.absolute(), data, staging=path.absolute().parent)


def proven_document(proven: Proven | None) -> object:
    """Return what was proven as JSON, null where nothing was read."""
    return None if proven is None else msgspec.to_builtins(proven)


def omitted_document(omitted: Sequence[OmittedEntry]) -> list[object]:
    """Return what is selected and not in the bundle as JSON."""
    return [
        {"path": o.path, "version": o.version, "need": o.need, "reason": o.reason}
        for o in omitted
    ]


def shrink_document(shrink: ShrinkEntry | None) -> object:
    """Return what rules that changed took out of a selection as JSON, or null."""
    if shrink is None:
        return None
    return {
        "versions": shrink.versions,
        "was": shrink.was.splitlines(),
        "now": shrink.now.splitlines(),
    }


def shrink_lines(shrink: ShrinkEntry | None) -> Iterator[str]:
    """Yield why a selection lost versions: which rules are no more, and which new."""
    if shrink is None:
        return
    yield f"{shrink.versions} versions leave because the rules outside changed"
    was, now = shrink.was.splitlines(), shrink.now.splitlines()
    gone = (f"  - {printable(line)}" for line in was if line not in now)
    new = (f"  + {printable(line)}" for line in now if line not in was)
    yield from islice(chain(gone, new), _SHOWN_RULES)


def artifacts_document(entries: Iterable[ArtifactEntry]) -> dict[str, object]:
    """Return how many artifacts there are by kind, apart those not known here."""
    entries = list(entries)
    return {
        "known": dict(Counter(each.kind for each in known_artifacts(entries))),
        "skipped": skipped_artifacts(entries),
    }


def withdrawn_document(entry: WithdrawnEntry) -> dict[str, object]:
    """Return a withdrawn version as JSON."""
    return {
        "path": entry.path,
        "version": entry.version,
        "reason": entry.reason,
        "withdrawn_at": entry.withdrawn_at,
        "needed_by": list(entry.needed_by),
    }


def _signer(signed: SignedBy) -> object:
    return msgspec.to_builtins(signed)
