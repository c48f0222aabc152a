"""The stage toolchain: may and can ``go`` download the go that is wanted?

GOTOOLCHAIN is ``local``, a name like ``go1.26.8``, or ``auto`` and ``path``, with which
the go and toolchain lines of a project decide. A toolchain is a module, whose version
is ``v0.0.1-goVERSION.OS-ARCH``; go takes none without the checksum database.
"""

from __future__ import annotations

import platform
import sys

from gosync.diagnose.doctor.diagnosis import StageFinding
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.saying import say
from gosync.gomod import gover
from gosync.gomod.module import ModuleVersion

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


def wanted_go(settings: GoSettings, go_version: str, project_go: str) -> str:
    """Return the go that would be downloaded, like ``1.99``; "" for none.

    Args:
        settings: The machine's settings.
        go_version: Its go, like ``go1.26.8``.
        project_go: What the project's files want, "" for nothing.
    """
    if not go_version:
        return ""
    local = gover.from_toolchain(go_version)
    named, _, rule = settings["GOTOOLCHAIN"].partition("+")
    least = gover.from_toolchain(named) if named.startswith("go1") else local
    may_switch = named in ("auto", "path") or rule in ("auto", "path")
    if may_switch and project_go and gover.compare(project_go, least) > 0:
        least = project_go
    return least if gover.compare(least, local) != 0 else ""


def toolchain_module(version: str) -> ModuleVersion:
    """Return the module that a go of this machine's kind is in."""
    system = {"win32": "windows"}.get(sys.platform, sys.platform)
    machine = _MACHINES.get(platform.machine(), platform.machine())
    full = version if version.count(".") > 1 or "rc" in version else f"{version}.0"
    return ModuleVersion("golang.org/toolchain", f"v0.0.1-go{full}.{system}-{machine}")


def without_database(settings: GoSettings, version: str) -> StageFinding | None:
    """Return the fault of a download that nobody would vouch for."""
    if settings["GOSUMDB"].strip() != "off":
        return None
    return StageFinding(
        cause="toolchain.sumdb",
        text=say(
            "go{version} would have to be downloaded, and GOSUMDB=off: "
            "go takes no toolchain without a checksum database",
            version=version,
        ),
        remedy="GOTOOLCHAIN=local and a go that is new enough, or set GOSUMDB again",
    )
