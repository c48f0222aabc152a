"""Every name in the store, and nothing but names. Pure.

    lock                               the writer lock
    lock.use                           the use lock
    store.json                         which store this is
    bucket.json                        of a store in a bucket: what is known of that
    catalog.sqlite
    blobs/sha256/<2 hex>/<64 hex>      the two are the first of the 64
    staging/<16 hex>
    quarantine/<32 hex>/evidence.json, <label> or file-<number>
    quarantine/.<16 hex>.tmp           an entry that is being built
    journal/<8 digits>.jsonl           numbered from 1
    sumdb/<name>/tile/...              Tile.path(); the name percent-encoded
    bundles/<64 hex>/...               bundles that wait, by their ids
    lists/<64 hex>.zst                 what bundles selected, by their ids
    serve/                             a server's socket, and what it merges
    git/<32 hex>/...                   what was fetched of private repositories
    followed/index/...                 the index of the gosync that is followed
    changes/                           what of the tree hooks are to be told of
    access/...                         sealed records of access logs

Names are built from digests, numbers and random hex. The two that come from
elsewhere, a checksum database's name and a file's label in the quarantine, are
encoded or replaced here, so that nothing from outside can name a path.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from urllib.parse import quote

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use
from gosync.store.digest import Digest, parse_digest

LOCK = "lock"
USE_LOCK = "lock.use"
IDENTITY = "store.json"
BUCKET = "bucket.json"
CATALOG = "catalog.sqlite"
BLOBS = "blobs/sha256"
STAGING = "staging"
QUARANTINE = "quarantine"
JOURNAL = "journal"
SUMDB = "sumdb"
BUNDLES = "bundles"
LISTS = "lists"
SERVE = "serve"
GIT = "git"
ACCESS = "access"
FOLLOWED = "followed"
CHANGES = "changes"
EVIDENCE = "evidence.json"
FOLDERS = (BLOBS, STAGING, QUARANTINE, JOURNAL, SUMDB)

MAX_JOURNAL_NUMBER = 99_999_999
MAX_DATABASE_NAME_BYTES = 200

_STAGED = compile_on_use("[0-9a-f]{16}")
_TORN = compile_on_use(r"\.[0-9a-f]{16}\.tmp")
_BLOB = compile_on_use(r"blobs/sha256/([0-9a-f]{2})/([0-9a-f]{64})")
_JOURNAL = compile_on_use(r"([0-9]{8})\.jsonl")
_LABEL = compile_on_use(r"(?!file-)[a-z0-9][a-z0-9_-]{0,60}(\.[a-z0-9]{1,10})?")


def blob_path(digest: Digest) -> str:
    """Return a blob's path.

    Raises:
        MalformedError: it is no digest, whatever its type says.
    """
    parse_digest(digest)
    return f"{BLOBS}/{digest[:2]}/{digest}"


def parse_blob_path(path: str) -> Digest:
    """Return the digest that a blob's path names; the inverse of blob_path.

    Raises:
        MalformedError: the path is no blob's.
    """
    match = _BLOB.fullmatch(path)
    if match is None or not match[2].startswith(match[1]):
        raise MalformedError("blob path", path, "want blobs/sha256/ab/abcd…")
    return Digest(match[2])


def is_staged_name(name: str) -> bool:
    """Return whether a file in the staging folder is one that gosync made."""
    return _STAGED.fullmatch(name) is not None


def is_torn_name(name: str) -> bool:
    """Return whether a folder in the quarantine is an entry that was half built."""
    return _TORN.fullmatch(name) is not None


def journal_name(number: int) -> str:
    """Return the name of a journal file.

    Raises:
        MalformedError: the number is out of range.
    """
    if not 1 <= number <= MAX_JOURNAL_NUMBER:
        raise MalformedError("journal number", number, "out of range")
    return f"{number:08d}.jsonl"


def parse_journal_name(name: str) -> int:
    """Return a journal file's number; the inverse of journal_name.

    Raises:
        MalformedError: the name is no journal's.
    """
    match = _JOURNAL.fullmatch(name)
    if match is None or int(match[1]) == 0:
        raise MalformedError("journal name", name, "want eight digits and .jsonl")
    return int(match[1])


def database_folder(name: str) -> str:
    """Return the folder of a checksum database: its name, percent-encoded.

    Raises:
        MalformedError: the name cannot be a folder's.
    """
    try:
        encoded = quote(name, safe="", errors="strict")
    except UnicodeEncodeError as error:
        raise MalformedError("checksum database name", name, "not Unicode") from error
    if not encoded.strip(".") or len(encoded) > MAX_DATABASE_NAME_BYTES:
        raise MalformedError("checksum database name", name, "empty, dots or too long")
    return f"{SUMDB}/{encoded}"


def evidence_file_name(label: str, number: int) -> str:
    """Return the file name for a label: itself if it is plain, else a number's."""
    if _LABEL.fullmatch(label) is None or label == EVIDENCE:
        return f"file-{number}"
    return label


def quarantine_id(subject: str, reason: str, digests: Mapping[str, Digest]) -> str:
    """Return the id of evidence: the same evidence has the same id."""
    content = json.dumps([subject, reason, dict(digests)], sort_keys=True)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
