"""Small modules for an upstream to offer: versions, requirements, ages.

offer(sim, "a.example/m", "v1.0.0", "v1.1.0")
offer(sim, "b.example/m", "v1.0.0", requires={"a.example/m": "v1.0.0"})
offer(sim, "c.example/m", "v1.0.0", lines="retract v0.9.0", days_ago=3)
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from tests.simulator import Simulator
from tests.simulator.standard import package_name

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


def offer(
    sim: Simulator,
    path: str,
    *versions: str,
    requires: Mapping[str, str] | None = None,
    lines: str = "",
    days_ago: float | None = None,
    ballast_bytes: int = 0,
) -> None:
    """Publish versions of a module.

    Args:
        sim: Where.
        path: The module.
        *versions: Its versions.
        requires: What its go.mod requires and its package imports.
        lines: Further lines of its go.mod.
        days_ago: When the index saw it; by default in a year long gone.
        ballast_bytes: What a file takes in the zip that cannot be compressed.
    """
    at = None if days_ago is None else datetime.now(UTC) - timedelta(days=days_ago)
    for version in versions:
        files = module_files(path, requires=requires or {}, lines=lines)
        if ballast_bytes:
            files["ballast"] = random.Random(version).randbytes(ballast_bytes)
        sim.publish(ModuleSource(path, version, files, _EPOCH), at=at)


def module_files(
    path: str, *, requires: Mapping[str, str], lines: str = "", go: str = "1.21"
) -> dict[str, bytes]:
    """Return a module's go.mod and its one package, which imports all it requires."""
    imports = "".join(f'import _ "{each}"\n' for each in requires)
    go_mod = go_mod_text(path, requires=requires, lines=lines, go=go)
    code = f"package {package_name(path)}\n\n{imports}"
    return {"go.mod": go_mod.encode(), "code.go": code.encode()}


def go_mod_text(
    path: str, *, requires: Mapping[str, str], lines: str = "", go: str = "1.21"
) -> str:
    """Return a go.mod."""
    required = "".join(f"require {each} {v}\n" for each, v in requires.items())
    return f"module {path}\n\ngo {go}\n\n{required}{lines}\n"


def sum_lines(sim: Simulator, *names: str) -> str:
    """Return the true go.sum lines of path@version, or of path@version/go.mod."""
    lines = ""
    for name in names:
        mv = ModuleVersion.parse(name.removesuffix("/go.mod"))
        published = sim.publication(mv)
        if not name.endswith("/go.mod"):
            lines += f"{mv.path} {mv.version} {published.zip_h1}\n"
        lines += f"{mv.path} {mv.version}/go.mod {published.mod_h1}\n"
    return lines
