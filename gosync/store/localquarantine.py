"""The quarantine as folders; the contract is ``quarantine``'s.

    quarantine/<id>/evidence.json    what, why, served from where and when
    quarantine/<id>/<label>          the bytes, under the label that the caller gave

The id comes from subject, reason and the bytes: the same evidence is kept once,
however often it is served. An entry is built beside the others, synced, and
renamed into place; one that is there is whole.

evidence.json is an object with "subject", "reason", "files" (file name: its
"label" and "sha256") and "evidence", the caller's facts. A label that is more
than small letters, digits, hyphen and underscore becomes "file-1", so that
nothing an upstream said is a file's name.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from gosync.store.digest import Digest, digest_of
from gosync.store.durable import (
    disk_errors,
    make_temporary_folder,
    sweep_temporary,
    sync_folder,
    write_all,
)
from gosync.store.layout import (
    EVIDENCE,
    QUARANTINE,
    evidence_file_name,
    is_torn_name,
    quarantine_id,
)
from gosync.store.quarantine import Quarantine
from gosync.store.staging import LocalStaged, Readable, digest_of_readable, pieces_of

_FILE_MODE = 0o400


class LocalQuarantine(Quarantine):
    """The quarantine below one store's root."""

    def __init__(self, root: Path) -> None:
        self._folder = root / QUARANTINE

    def keep(
        self,
        subject: str,
        reason: str,
        *,
        evidence: Mapping[str, object],
        files: Mapping[str, Readable | bytes],
    ) -> str:
        """Keep evidence; return its id."""
        with disk_errors(self._folder):
            digests = {
                label: digest_of_content(content) for label, content in files.items()
            }
            entry = quarantine_id(subject, reason, digests)
            if not (self._folder / entry).is_dir():
                names = {
                    evidence_file_name(label, number): label
                    for number, label in enumerate(files, 1)
                }
                document = format_evidence(subject, reason, names, digests, evidence)
                contents = {name: files[label] for name, label in names.items()}
                self._write(entry, {**contents, EVIDENCE: document})
        return entry

    def _write(self, entry: str, files: Mapping[str, Readable | bytes]) -> None:
        folder = self._folder / f".{secrets.token_hex(8)}.tmp"
        descriptor = make_temporary_folder(folder)
        try:
            for name, content in files.items():
                _put(folder / name, content)
            sync_folder(folder)
            _rename_new(folder, self._folder / entry)
            sync_folder(self._folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)

    def ids(self) -> list[str]:
        """Return the ids of all evidence, sorted."""
        with disk_errors(self._folder):
            names = [entry.name for entry in self._folder.iterdir()]
        return sorted(name for name in names if not name.startswith("."))

    def read(self, entry: str) -> bytes:
        """Return the evidence.json of an entry."""
        path = self._folder / entry / EVIDENCE
        with disk_errors(path):
            return path.read_bytes()

    def sweep(self) -> int:
        """Remove entries that a killed run left half built; not those in the making."""
        with disk_errors(self._folder):
            torn = [
                each
                for each in self._folder.iterdir()
                if is_torn_name(each.name) and not each.is_symlink()
            ]
            return sum(map(sweep_temporary, torn))


def digest_of_content(content: Readable | bytes) -> Digest:
    """Return the digest of evidence.

    Raises:
        StoreError: it cannot be read.
    """
    return (
        digest_of(content)
        if isinstance(content, bytes)
        else digest_of_readable(content)
    )


def format_evidence(
    subject: str,
    reason: str,
    names: Mapping[str, str],
    digests: Mapping[str, Digest],
    evidence: Mapping[str, object],
) -> bytes:
    """Return an entry's evidence.json.

    Args:
        subject: What it is about.
        reason: The rule that was broken.
        names: The label of each file, by its name.
        digests: The digest of each label's bytes.
        evidence: The caller's facts.
    """
    document = {
        "subject": subject,
        "reason": reason,
        "files": {
            name: {"label": label, "sha256": digests[label]}
            for name, label in names.items()
        },
        "evidence": dict(evidence),
    }
    text = json.dumps(document, indent=2, sort_keys=True, default=str)
    return text.encode("ascii") + b"\n"


def _put(path: Path, content: Readable | bytes) -> None:
    if isinstance(content, LocalStaged) and _link(content.path, path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        pieces: Iterable[bytes] = ()
    else:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, _FILE_MODE)
        pieces = (content,) if isinstance(content, bytes) else pieces_of(content)
    try:
        for piece in pieces:
            write_all(descriptor, piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(staged: Path, path: Path) -> bool:
    """Link a staged file, which is of this file system as a rule."""
    try:
        os.link(staged, path)
    except OSError:
        return False
    return True


def _rename_new(source: Path, target: Path) -> None:
    """Rename a folder, unless another thread kept the same meanwhile."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
