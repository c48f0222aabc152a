"""A go command that computes module graphs, and what it has to say about them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.gomod.mvs import Resolution
from tests.go.graphs import Graph
from tests.simulator.goclient import WITHOUT_COLLECTING, shared_cache


@dataclass
class Judge:
    """A go command with a GOPROXY, a module cache and projects in a folder."""

    go: Path
    folder: Path

    def __post_init__(self) -> None:
        # By a new name: see GoClient on what go keeps of a folder.
        self._modcache = self.folder / f"modcache-{token_hex(4)}"

    def add(self, graph: Graph) -> None:
        """Give it a graph's modules and main modules."""
        graph.write_proxy(self.folder / "proxy")
        graph.write_project(self.folder / "projects" / graph.name)

    def run(self, graph: Graph, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run go in the first main module."""
        project = self.folder / "projects" / graph.name
        return subprocess.run(
            [self.go, *arguments],
            cwd=project / next(iter(graph.mains)),
            env=self._environment("" if graph.work else "-mod=mod"),
            capture_output=True,
            text=True,
            check=False,
        )

    def say(self, graph: Graph, *arguments: str) -> list[str]:
        """Return what go prints; it must not fail."""
        done = self.run(graph, *arguments)
        assert done.returncode == 0, f"{graph.name}: {done.stderr}"
        return done.stdout.splitlines()

    def has_read(self, graph: Graph) -> set[ModuleVersion]:
        """Return of whom a ``.mod`` is in the module cache."""
        download = self._modcache / "cache" / "download"
        return {each for each in graph.mods if (download / _mod_name(each)).exists()}

    def _environment(self, flags: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GOPATH": str(self.folder / "gopath"),
            **WITHOUT_COLLECTING,
            "GOCACHE": os.environ.get("GOCACHE", str(shared_cache())),
            "GOMODCACHE": str(self._modcache),
            "GOPROXY": f"file://{self.folder}/proxy",
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
            "GOENV": "off",
            "GOFLAGS": f"-modcacherw {flags}",
            "CGO_ENABLED": "0",
        }


def listed(resolution: Resolution) -> list[str]:
    """Write a build list as ``go list -m all`` does."""
    lines = []
    for module in resolution.build_list():
        line = f"{module.path} {module.version}".rstrip()
        new = resolution.mains.replacement(module)
        if new is not None:
            line += f" => {new.path} {new.version}".rstrip()
        lines.append(line)
    return lines


def alike(line: str) -> str:
    """Return a line of ``go list`` as all versions of go would print it.

    In workspaces, go 1.21 leaves out the "./" of folders.
    """
    return line.replace(" => ./", " => ")


def _mod_name(module: ModuleVersion) -> str:
    return f"{escape_path(module.path)}/@v/{escape_version(module.version)}.mod"
