"""Notices document: every licence text and notice of some versions, each once.

Plain text, UTF-8. A part for each text, in the order of who has it first::

    ================================================================================
    example.com/a@v1.0.0 LICENSE
    example.com/b@v2.1.0 LICENSE.txt
    --------------------------------------------------------------------------------
    (the text)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from gosync.catalog.versions import VersionRow
from gosync.ingest.storedlicences import StoredLicences
from gosync.licence.filekinds import LicenceFileKind
from gosync.store.durable import replace_file

_WIDTH: Final = 80

_Holders = Mapping[str, list[tuple[VersionRow, str]]]


def write_notices(
    file: Path, stored: StoredLicences, rows: Iterable[VersionRow]
) -> None:
    """Write the document of these versions in place of the file.

    Raises:
        StoreError: a zip cannot be read, or the file not written.
    """
    holders = _holders(stored, rows)
    data = "".join(_parts(stored, holders)).encode()
    replace_file(file, data, staging=file.parent, durable=False)


def _holders(stored: StoredLicences, rows: Iterable[VersionRow]) -> _Holders:
    """Return who has each text, by its digest."""
    found: dict[str, list[tuple[VersionRow, str]]] = {}
    for row in rows:
        for each in stored.of(row).files:
            if each.kind is not LicenceFileKind.README and each.digest:
                found.setdefault(each.digest, []).append((row, each.name))
    return found


def _parts(stored: StoredLicences, holders: _Holders) -> Iterator[str]:
    for who in holders.values():
        row, name = who[0]
        text = stored.text(row, name) or b""
        yield "=" * _WIDTH + "\n"
        yield from (f"{row.mv} {name}\n" for row, name in who)
        yield "-" * _WIDTH + "\n"
        yield text.decode("utf-8", "replace").rstrip() + "\n\n"
