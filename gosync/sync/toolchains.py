"""Toolchain modules: what ``GOTOOLCHAIN=auto`` asks a proxy for.

``golang.org/toolchain`` has a version for each Go release and platform::

    v0.0.1-go1.23.4.linux-amd64

Switching asks for the zip of the client's own platform and its record in the
checksum database. ``go get go@1.23.4`` asks ``list``, and then always for the
``.info`` of linux-amd64, whatever the client runs on (cmd/go,
internal/modfetch/toolchain.go). So that one's ``.mod`` is wanted at least: with
it come its record and a minimal ``.info``.
"""

from __future__ import annotations

from collections.abc import Iterator

from gosync.catalog.versions import FoundBy, Need, Want
from gosync.gomod import gover
from gosync.gomod.module import ModuleVersion
from gosync.site.options import ToolchainSpec

TOOLCHAIN_PATH = "golang.org/toolchain"
_ASKED_PLATFORM = "linux-amd64"


def toolchain_module(version: str, platform: str) -> ModuleVersion:
    """Return the module version of a Go version like "1.23.4"."""
    return ModuleVersion(TOOLCHAIN_PATH, f"v0.0.1-go{version}.{platform}")


def toolchain_wants(spec: ToolchainSpec) -> Iterator[Want]:
    """Yield what is wanted so that clients can switch to these toolchains."""
    for name in spec.versions:
        version = _first_release(name.removeprefix("go"))
        for platform in dict.fromkeys((*spec.platforms, _ASKED_PLATFORM)):
            mv = toolchain_module(version, platform)
            need = Need.ZIP if platform in spec.platforms else Need.MOD
            yield Want(mv.path, mv.version, need, FoundBy.TOOLCHAIN)


def _first_release(version: str) -> str:
    """Return the release that a language version means: 1.22 is 1.22.0.

    From 1.21 on, that is; before it, 1.20 is a release's name.
    """
    if version.count(".") == 1 and gover.compare(version, gover.STRICT) >= 0:
        return f"{version}.0" if version.replace(".", "").isdigit() else version
    return version
