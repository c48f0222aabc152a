"""The library of each format, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from gosync.sbom.components import Contents


def writer_of(form: str) -> Callable[[Contents], str]:
    """Return what writes a format.

    Args:
        form: "cyclonedx" or "spdx".

    Raises:
        ImportError: Its library, which comes with an extra, is not installed.
    """
    if form == "spdx":
        from gosync.sbom.spdx import format_spdx  # noqa: PLC0415 - an extra

        return format_spdx
    from gosync.sbom.cyclonedx import format_cyclonedx  # noqa: PLC0415 - an extra

    return format_cyclonedx
