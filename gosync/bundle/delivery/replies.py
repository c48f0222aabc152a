"""Replies of a site inside, as files that a gateway carries outside.

::

    receipt-TARGET-SEQUENCE.json      what the site has taken in, see format.receipt
    need-TARGET-SEQUENCE-HASH.json    what it lacks for the bundle of that number

A name is never given to other contents, so that a gateway which carries what is new
carries each. In the outbox a newer reply takes the place of those before it. Outside
files are told apart by what is in them, whatever a gateway calls them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from gosync.bundle.format.need import MAX_NEED_BYTES, NeedFile, format_need, parse_need
from gosync.bundle.format.receipt import Receipt, format_receipt, parse_receipt
from gosync.errors import RejectedError
from gosync.store.durable import disk_errors, replace_file
from gosync.store.staging import read_at

_MAX_FILES = 10_000
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_SUFFIX = ".json"


class Reply(msgspec.Struct, frozen=True):
    """A reply in a folder.

    Attributes:
        path: The file.
        content: What it says.
    """

    path: Path
    content: Receipt | NeedFile


def read_replies(folder: Path, target: str) -> list[Reply]:
    """Return a target's replies in a folder, receipts by number, then needs.

    Files that are none, or not whole yet, are passed over.

    Raises:
        StoreError: the folder is not there or cannot be read.
    """
    found = [reply for reply in _read(folder) if reply.content.target == target]
    return sorted(found, key=_order)


def _order(reply: Reply) -> tuple[bool, int]:
    return isinstance(reply.content, NeedFile), number_of(reply.content)


def number_of(content: Receipt | NeedFile) -> int:
    """Return the number of the newest bundle that a reply knows, 0 for none."""
    if isinstance(content, Receipt):
        return content.sequence
    known = [each for each in (content.applied, *content.staged) if each is not None]
    return max((each.sequence for each in known), default=0)


def _read(folder: Path) -> Iterator[Reply]:
    with disk_errors(folder), os.scandir(folder) as entries:
        names = [e.name for e in islice(entries, _MAX_FILES) if _is_reply(e.name)]
    for name in sorted(names):
        content = _parse(folder / name)
        if content is not None:
            yield Reply(folder / name, content)


def _is_reply(name: str) -> bool:
    return name.lower().endswith(_SUFFIX) and not name.startswith(".")


def _parse(path: Path) -> Receipt | NeedFile | None:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return None  # a link, or gone meanwhile
    try:
        data = read_at(descriptor, 0, MAX_NEED_BYTES + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    for parse in (parse_receipt, parse_need):
        try:
            return parse(data)
        except RejectedError:
            continue
    return None


def write_receipt(outbox: Path, receipt: Receipt) -> Path:
    """Put a receipt into an outbox, in place of those before it.

    Raises:
        StoreError: it cannot be written.
        NoSpaceError: the disk is full.
    """
    name = f"receipt-{receipt.target}-{receipt.sequence:06d}{_SUFFIX}"
    path = _write(outbox / name, format_receipt(receipt))
    _remove_others(path, receipt)
    return path


def write_need(outbox: Path, need: NeedFile) -> Path:
    """Put a need into an outbox, in place of those before it.

    Raises:
        StoreError: it cannot be written.
        NoSpaceError: the disk is full.
    """
    data = format_need(need)
    digest = hashlib.sha256(data).hexdigest()[:8]
    name = f"need-{need.target}-{number_of(need):06d}-{digest}{_SUFFIX}"
    path = _write(outbox / name, data)
    _remove_others(path, need)
    return path


def remove_needs(outbox: Path, target: str) -> None:
    """Remove a target's needs that wait in an outbox: nothing is lacking any more.

    Raises:
        StoreError: one cannot be removed.
    """
    for reply in read_replies(outbox, target):
        if isinstance(reply.content, NeedFile):
            remove_reply(reply)


def remove_reply(reply: Reply) -> None:
    """Remove a reply that was read.

    Raises:
        StoreError: it cannot be removed.
    """
    with disk_errors(reply.path):
        reply.path.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> Path:
    with disk_errors(path):
        if path.is_file() and path.read_bytes() == data:
            return path
    replace_file(path, data, staging=path.parent)
    return path


def _remove_others(path: Path, written: Receipt | NeedFile) -> None:
    """Remove replies of the same site and kind that say less."""
    for reply in read_replies(path.parent, written.target):
        same = type(reply.content) is type(written) and reply.path != path
        if same and number_of(reply.content) <= number_of(written):
            remove_reply(reply)
