"""Portion of small versions: brought through the gate together, in few threads' turns.

To hand a version of some kilobytes to a thread and back costs as much as to check it,
and to sync its blobs apart costs more. So the pins of a portion are looked up in one
thread, its zips are read and its blobs are made in another, with one announcement and
one sync for all. What is checked, and in which order, is each admission's own.

A version that is refused ends the portion: those before it are admitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import anyio

from gosync.catalog.versions import VersionRow
from gosync.ingest.admission import Admission
from gosync.ingest.announced import AnnouncedDigests
from gosync.ingest.gate import Gate
from gosync.store.staging import Staged
from gosync.upstream.answer import Served

VERSIONS: Final = 64  # each has an open file until it is admitted
BYTES: Final = 1 << 20


class HandedFile(NamedTuple):
    """A small file of a version, and where it came from."""

    data: bytes
    served: Served


class HandedZip(NamedTuple):
    """A staged zip, and where it came from."""

    staged: Staged
    served: Served


class HandedVersion(NamedTuple):
    """A version of which everything is here already.

    Attributes:
        admission: Its own, to which nothing was handed yet.
        info: Its ``.info``; None for a ``.mod`` alone that came without.
        mod: Its ``.mod``.
        zip: Its zip, None for a ``.mod`` alone.
    """

    admission: Admission
    info: HandedFile | None
    mod: HandedFile
    zip: HandedZip | None


class AdmittedPortion(NamedTuple):
    """How a portion ended.

    Attributes:
        rows: Those to commit, together: what was announced is taken back with them.
        error: What was wrong with the version after these, None for nothing.
    """

    rows: list[VersionRow]
    error: Exception | None = None


async def admit_portion(
    gate: Gate, versions: Sequence[HandedVersion]
) -> AdmittedPortion:
    """Bring versions through the gate; whatever happens, none of their zips is left.

    Nobody is shown them: where the gate has an admitter, each is admitted by itself.

    Raises:
        StoreError: the store cannot take them; none is admitted.
    """
    assert gate.admitter is None
    try:
        for each in versions:
            if each.zip is not None:
                each.admission.adopt_zip(each.zip.staged)
        await anyio.to_thread.run_sync(_see_pins, versions)
        proven, error = await _prove_mods(versions)
        return await anyio.to_thread.run_sync(_store, gate, proven, error)
    finally:
        for each in versions:
            each.admission.discard()


def _see_pins(versions: Sequence[HandedVersion]) -> None:
    for each in versions:
        each.admission.see_pin()


async def _prove_mods(
    versions: Sequence[HandedVersion],
) -> tuple[list[HandedVersion], Exception | None]:
    """Take the small files; return whose are good, and what the next one lacks."""
    proven: list[HandedVersion] = []
    for each in versions:
        try:
            if each.info is not None:
                each.admission.take_info(*each.info)
            await each.admission.take_mod(*each.mod)
        except Exception as error:  # noqa: BLE001 - raised after those before it
            await anyio.to_thread.run_sync(each.admission.refuse, error)
            return proven, error
        proven.append(each)
    return proven, None


def _store(
    gate: Gate, versions: Sequence[HandedVersion], error: Exception | None
) -> AdmittedPortion:
    """Read the zips, and make all that is proven durable."""
    proven: list[Admission] = []
    for each in versions:
        try:
            if each.zip is not None:
                each.admission.read_zip(*each.zip)
        except Exception as found:  # noqa: BLE001 - as above; it is the earlier one
            each.admission.refuse(found)
            error = found
            break
        proven.append(each.admission)
    return AdmittedPortion(_rows(gate, proven), error)


def _rows(gate: Gate, proven: Sequence[Admission]) -> list[VersionRow]:
    announced = AnnouncedDigests(gate.holder)
    parts = [each.parts() for each in proven]
    try:
        announced.add(digest for each in proven for digest in each.digests())
        digests = iter(gate.blobs.admit_all([part for some in parts for part in some]))
    except BaseException:
        announced.take_back()
        raise
    return [
        admission.stored([next(digests) for _ in some])
        for admission, some in zip(proven, parts, strict=True)
    ]
