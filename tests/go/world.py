"""One site before real clients: an upstream, and gosync's tree at three moments.

    trees[0]   the standard set, a log of 70 000 records: three tile levels
    trees[1]   later: new versions, a newer head in the same edge tiles' columns
    trees[2]   much later: tiles that were partial are full and others began

Each is an image, by hard links, of the one tree that `gosync sync` keeps.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.tlog import parse_tree
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator import standard as std
from tests.simulator.standard import module, program, publish_standard, source

SCALE_ONE = "std.example/scale"
LATE = "std.example/late"
PSEUDO_LATER = "v0.0.0-20240901000000-cccccccccccc"

NEEDED = {
    std.UPPER: "v1.1.0",
    std.INCOMPATIBLE: "v3.1.0+incompatible",
    std.PSEUDO_ONLY: std.PSEUDO_NEW,
    std.NO_GO_MOD: "v1.2.3",
    std.OUTER: "v1.0.0",
    std.NESTED: "v1.1.0",
    SCALE_ONE: "v1.0.0",
    std.MAJOR: "v2.1.0",
    std.RETRACTED: "v1.0.1",
    std.DEPRECATED: "v1.0.0",
    std.PRERELEASE: "v0.1.0-rc.2",
    std.DOTTED_MAJOR: "v1.0.0",
    std.UNICODE: "v1.0.0",
}
"""What the consumer's go.mod requires: one version of everything small."""

LATEST = {
    **NEEDED,
    std.RETRACTED: "v1.1.0",
    std.DEPRECATED: "v1.1.0",
}
"""What `@latest` means for the same modules."""


class World:
    """The upstream, the site, and the images of its tree.

    Attributes:
        sim: The upstream.
        site: The site.
        trees: The images.
        heads: The size of each image's log.
    """

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self._folder = folder
        self.sim = sim
        self.trees: list[Path] = []
        self.heads: list[int] = []
        self.site = Site(
            folder / "site",
            sim,
            index=True,
            private=["corp.example"],
            upstream={"timeout_seconds": 60},
        )
        selected = ["std.example/*", std.DOTTED_MAJOR, std.PRIVATE]
        self.site.select(selected, retracted=True, pseudo=True)

    def build(self) -> None:
        """Let upstream grow twice, and gosync follow."""
        publish_standard(self.sim, big=True, spread=2500)
        self._grow_to(70_000)
        self._sync()
        self.sim.publish_all(_later())
        self._grow_to(73_456)
        self._sync()
        self.sim.publish_all(_much_later())
        self._grow_to(140_000)
        self._sync()

    def _grow_to(self, records: int) -> None:
        assert self.sim.log.size < records
        self.sim.log.grow(records - self.sim.log.size)

    def _sync(self) -> None:
        self.site.sync()
        image = self._folder / f"tree{len(self.trees)}"
        shutil.copytree(self.site.tree, image, copy_function=os.link)
        self.trees.append(image)
        note = (image / "sumdb" / self.sim.log.name / "latest").read_bytes()
        self.heads.append(tree_size(note))

    def go_sum(self, needed: dict[str, str]) -> str:
        """Return the true go.sum lines of some versions."""
        lines = []
        for path, version in needed.items():
            published = self.sim.publication(ModuleVersion(path, version))
            lines.append(f"{path} {version} {published.zip_h1}\n")
            lines.append(f"{path} {version}/go.mod {published.mod_h1}\n")
        return "".join(lines)


def tree_size(note: bytes) -> int:
    """Return the size that a signed head tells."""
    return parse_tree(note.rpartition(b"\n\n")[0] + b"\n").n


def consumer_files(needed: dict[str, str]) -> dict[str, str]:
    """Return a program that imports every one of these modules."""
    requires = "".join(f"\t{path} {version}\n" for path, version in needed.items())
    imports = "".join(f'\tm{n} "{path}"\n' for n, path in enumerate(needed))
    calls = ", ".join(f"m{n}.Say()" for n in range(len(needed)))
    main = (
        f'import (\n\t"fmt"\n\n{imports})\n\nfunc main() {{ fmt.Println({calls}) }}\n'
    )
    return {
        "go.mod": f"module main.example/main\n\ngo 1.21\n\nrequire (\n{requires})\n",
        "main.go": f"package main\n\n{main}",
    }


def said(sim: Simulator, needed: dict[str, str]) -> str:
    """Return what the consumer prints, from the modules' sources."""
    words = []
    for path, version in needed.items():
        files = sim.publication(ModuleVersion(path, version)).source.files
        code = b"".join(text for name, text in files.items() if name.endswith(".go"))
        (word,) = re.findall(rb'return "(.*)"', code)
        words.append(word.decode())
    return " ".join(words) + "\n"


def _later() -> list[ModuleSource]:
    retracting = (
        f"module {std.RETRACTED}\n\ngo 1.21\n\n"
        "retract (\n\tv1.1.0 // Worse.\n\tv1.0.1 // Wrong.\n)\n"
    )
    regret = 'package regret\n\nfunc Say() string { return "regret 1.2" }\n'
    return [
        module(std.UPPER, "v1.3.0", say="widget 1.3", day=80),
        module(std.PSEUDO_ONLY, PSEUDO_LATER, say="later nightly", day=244),
        source(
            std.RETRACTED, "v1.2.0", {"go.mod": retracting, "regret.go": regret}, day=90
        ),
        module(LATE, "v1.0.0", day=91),
        program("v1.2.0", widget="v1.3.0", day=92),
    ]


def _much_later() -> list[ModuleSource]:
    return [
        module(std.UPPER, "v1.4.0", say="widget 1.4", day=180),
        module(LATE, "v1.1.0", say="later still", day=181),
        program("v1.3.0", widget="v1.4.0", day=182),
    ]
