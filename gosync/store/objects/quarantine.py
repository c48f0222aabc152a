"""The quarantine in a bucket; the contract is ``quarantine``'s.

    quarantine/<id>/<label>          the bytes, under the label that the caller gave
    quarantine/<id>/evidence.json    what, why, served from where and when

Formats are ``localquarantine``'s. evidence.json is written last: an entry without it is
none. While one is made, a temporary folder of the local quarantine names it, locked; a
sweep removes what killed runs left of theirs, in the bucket and here.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from gosync.store.durable import (
    disk_errors,
    make_temporary_folder,
    sweep_temporary,
)
from gosync.store.layout import (
    EVIDENCE,
    QUARANTINE,
    evidence_file_name,
    is_torn_name,
    quarantine_id,
)
from gosync.store.localquarantine import digest_of_content, format_evidence
from gosync.store.objects.bucket import Bucket
from gosync.store.quarantine import Quarantine
from gosync.store.staging import LocalStaged, Readable, pieces_of

_NAMED = "entry"


class ObjectQuarantine(Quarantine):
    """The quarantine of a bucket, with a local folder for what is in the making."""

    def __init__(self, bucket: Bucket, local: Path) -> None:
        self._bucket = bucket
        self._folder = local / QUARANTINE

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
            digests = {each: digest_of_content(files[each]) for each in files}
        entry = quarantine_id(subject, reason, digests)
        if not self._is_there(entry):
            names = {
                evidence_file_name(label, number): label
                for number, label in enumerate(files, 1)
            }
            contents = {name: files[label] for name, label in names.items()}
            document = format_evidence(subject, reason, names, digests, evidence)
            self._write(entry, {**contents, EVIDENCE: document})
        return entry

    def _is_there(self, entry: str) -> bool:
        return self._bucket.head(_key(entry, EVIDENCE)) is not None

    def _write(self, entry: str, files: Mapping[str, Readable | bytes]) -> None:
        folder = self._folder / f".{secrets.token_hex(8)}.tmp"
        with ExitStack() as stack:
            with disk_errors(folder):
                stack.callback(os.close, make_temporary_folder(folder))
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                (folder / _NAMED).write_text(entry, "ascii")
            for name, content in files.items():
                self._put(_key(entry, name), content)

    def _put(self, key: str, content: Readable | bytes) -> None:
        if isinstance(content, bytes):
            self._bucket.put(key, content)
        elif isinstance(content, LocalStaged):
            self._bucket.put(key, content.path)
        else:
            self._bucket.put(key, pieces_of(content))

    def ids(self) -> list[str]:
        """Return the ids of all evidence, sorted."""
        listed = self._bucket.list(QUARANTINE)
        keys = [info.key.split("/") for info in listed]
        return sorted(key[1] for key in keys if key[2:] == [EVIDENCE])

    def read(self, entry: str) -> bytes:
        """Return the evidence.json of an entry."""
        return self._bucket.get(_key(entry, EVIDENCE)).data

    def sweep(self) -> int:
        """Remove what killed runs left half made; not what is in the making."""
        with disk_errors(self._folder):
            torn = [
                each
                for each in self._folder.iterdir()
                if is_torn_name(each.name) and not each.is_symlink()
            ]
        return sum(map(self._sweep, torn))

    def _sweep(self, folder: Path) -> bool:
        with disk_errors(folder):
            named = folder / _NAMED
            entry = named.read_text("ascii", "replace") if named.is_file() else ""
            if not sweep_temporary(folder):
                return False
        if entry and not self._is_there(entry):
            self._bucket.delete(
                [each.key for each in self._bucket.list(f"{QUARANTINE}/{entry}")]
            )
        return True


def _key(entry: str, name: str) -> str:
    return f"{QUARANTINE}/{entry}/{name}"
