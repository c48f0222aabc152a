"""The library of each format, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gosync.sbom.components import Contents


def writer_of(form: str) -> Callable[[Contents], Iterator[str]]:
    """Return what yields a document of a format, piece by piece.

    Args:
        form: "cyclonedx" or "spdx".

    Raises:
        ImportError: Its library, which comes with an extra, is not installed.
    """
    if form == "spdx":
        from gosync.sbom.spdx import spdx_pieces  # noqa: PLC0415 - an extra

        return spdx_pieces
    from gosync.sbom.cyclonedx import cyclonedx_pieces  # noqa: PLC0415 - an extra

    return cyclonedx_pieces
