"""Platforms by Go's names, as wheels are tagged for them. Pure.

Tags are those of PEP 600 (manylinux) and of macOS; the oldest that gosync's
dependencies still have wheels for come last.
"""

from __future__ import annotations

from typing import Final

from gosync.errors import UsageError

_GLIBC: Final = ("2_34", "2_28", "2_17")
_LINUX: Final = {"amd64": "x86_64", "arm64": "aarch64"}
_MAC: Final = {"amd64": ("x86_64", "10_13"), "arm64": ("arm64", "11_0")}
KNOWN: Final = (*(f"linux-{arch}" for arch in _LINUX), *(f"darwin-{a}" for a in _MAC))


def wheel_tags(platform: str) -> list[str]:
    """Return the tags of wheels that run on a platform, like ``linux-amd64``.

    Raises:
        UsageError: there are no wheels for it.
    """
    system, _, arch = platform.partition("-")
    if system == "linux" and arch in _LINUX:
        machine = _LINUX[arch]
        plain = [f"manylinux_{glibc}_{machine}" for glibc in _GLIBC]
        return [*plain, f"manylinux2014_{machine}", f"linux_{machine}"]
    if system == "darwin" and arch in _MAC:
        machine, oldest = _MAC[arch]
        return [f"macosx_{oldest}_{machine}", "macosx_11_0_universal2"]
    raise UsageError(f"no platform {platform!r}", hint=f"known: {', '.join(KNOWN)}")
