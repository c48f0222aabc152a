"""Two machines' worth of folders: one outside with an upstream, one inside without.

    with Machines() as machines:
        pair = Pair(tmp_path, sim, machines, modules=["std.example/*"])
        pair.sync()
        bundle = pair.make()        `gosync bundle create inside`; the bundle's folder
        pair.take(bundle)           `gosync bundle import`
        pair.ack()                  the receipt goes back
        pair.check()                inside is what outside selects, proven by the log

``papers`` has keys, the trust file, receipt.json and need.json; ``media`` the bundles.
The machine inside is a network namespace that has no interface, where the system lets
us make one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gosync.artifact import Artifact
from gosync.catalog.imports import ImportState
from gosync.config.load import load_config
from gosync.demo.modules import ModuleSource
from gosync.site.artifacts import keep_artifact
from gosync.site.site import open_site
from tests.go.cells import without_network
from tests.integration.result import Result, expected
from tests.integration.site import OK, Site
from tests.integration.steps import Run, Stepper
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module, source

TARGET = "inside"
GAP, VOLUME = 13, 14


class Machines:
    """Run gosync outside, and inside without any network; use it in ``with``.

    Attributes:
        outside: Runs it with the network.
        inside: Runs it without.
    """

    def __init__(self) -> None:
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        enter = self._resources.enter_context
        self.outside = enter(Stepper())
        self.inside = enter(Stepper(without_network()))
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()


@dataclass(frozen=True)
class Carried:
    """What a tree carries, as far as both sides have the same.

    Attributes:
        zips: The ``path@version`` of every zip.
        listed: Those that its lists name.
        plain: The digests of what a bundle carries byte for byte: all but zips.
    """

    zips: set[str]
    listed: set[str]
    plain: dict[str, str]


class Pair:
    """A site outside, a site inside, and what is carried between them."""

    def __init__(
        self,
        folder: Path,
        sim: Simulator,
        machines: Machines,
        *,
        modules: Sequence[str],
        private: Sequence[str] = (),
        volume_size: str = "64MiB",
    ) -> None:
        """Make both sites, and a key that the inside trusts.

        Args:
            folder: An empty folder.
            sim: The upstream.
            machines: Where they run.
            modules: What is selected outside.
            private: GOPRIVATE patterns of both.
            volume_size: The most that a volume may have.
        """
        self.papers, self.media = folder / "papers", folder / "media"
        for made in (self.papers, self.media):
            made.mkdir(parents=True)
        self._sim = sim
        self._machines = machines
        self._private = tuple(private)
        self.outside = Site(
            folder / "outside", sim, modules=modules, index=True, private=private
        )
        self.inside = self.new_inside(folder / "inside")
        self.key = self.new_key("packer")
        self.cosigner: str = self.new_key("cosigner", "ecdsa-p256")["trust"]
        self.trust([self.key])
        self._target = {"name": TARGET, "volume_size": volume_size}
        self.sign_with([self.key])

    def new_inside(self, folder: Path) -> Site:
        """Return a site that knows no upstream."""
        inside = Site(
            folder,
            upstream={"proxies": "off", "sumdb": self._sim.verifier_key},
            private=self._private,
        )
        inside.configure({"private": list(self._private)})
        inside.declare(bundle={"trust": str(self.papers / "trust.toml")})
        return inside

    # Keys.

    def new_key(self, name: str, kind: str = "ed25519") -> dict[str, Any]:
        """Make a key; return what `gosync key new` says of it."""
        kinds = ("--kind", kind, "--dir", str(self.papers))
        return self.run_outside("key", "new", name, *kinds).document

    def trust(self, keys: Sequence[dict[str, Any]], *, head: str = "") -> None:
        """Write the trust file inside."""
        text = head + "".join(key["trust"] for key in keys)
        (self.papers / "trust.toml").write_text(text)

    def sign_with(self, keys: Sequence[dict[str, Any]]) -> None:
        """Let bundles be signed by these keys from now on."""
        files = [key["secret_file"] for key in keys]
        self.outside.declare(target=[{**self._target, "keys": files}])

    # The way of a bundle.

    def run_outside(self, *arguments: str, expect: int | None = OK) -> Result:
        """Run a command outside."""
        return self.outside.run(*arguments, expect=expect)

    def run_inside(
        self, *arguments: str, expect: int | None = OK, site: Site | None = None
    ) -> Run:
        """Run a command inside, without any network."""
        machine, calls = self._machines.inside, frozenset({"syncfs"})
        run = machine.run(site or self.inside, *arguments, calls=calls)
        expected(run, expect)
        return run

    def sync(self) -> None:
        """Let outside follow upstream."""
        self.run_outside("sync")

    def keep(self, kind: str, name: str, data: bytes) -> Artifact:
        """Let outside keep an artifact."""
        options = load_config(self.outside.config_file, {}).site_options()
        with open_site(options, command="keep") as site:
            return keep_artifact(site, kind, name, [data])

    def make(self, *arguments: str) -> Path:
        """Make a bundle; return its folder."""
        where = ("--out", str(self.media))
        made = self.run_outside("bundle", "create", TARGET, *where, *arguments)
        return Path(made.document["folder"])

    def take(
        self,
        bundle: Path,
        *arguments: str,
        expect: int | None = OK,
        site: Site | None = None,
    ) -> Run:
        """Import a bundle inside."""
        command = [*self.import_command(bundle), *arguments]
        return self.run_inside(*command, expect=expect, site=site)

    def import_command(self, bundle: Path) -> list[str]:
        """Return the arguments of an import."""
        papers = ("--receipt", self.receipt, "--need", self.need)
        return ["bundle", "import", str(bundle), *map(str, papers)]

    @property
    def receipt(self) -> Path:
        """What goes back outside."""
        return self.papers / "receipt.json"

    @property
    def need(self) -> Path:
        """What is missing inside."""
        return self.papers / "need.json"

    def ack(self) -> dict[str, Any]:
        """Let outside take the receipt."""
        return self.run_outside("bundle", "ack", str(self.receipt)).document

    def needed(self) -> dict[str, Any]:
        """Return what need.json says."""
        document: dict[str, Any] = json.loads(self.need.read_bytes())
        return document

    # What must hold.

    def came(self, site: Site | None = None) -> dict[int, str]:
        """Return what became of each bundle inside, by its number."""
        found = (site or self.inside).run("bundle", "list", expect=OK).document["came"]
        return {row["sequence"]: str(ImportState(row["state"])) for row in found}

    def check(self, site: Site | None = None, want: Carried | None = None) -> None:
        """Inside carries exactly what outside carries, and the log proves it.

        Args:
            site: Another site inside.
            want: What outside carried when it made the bundle that is shown, if it
                has gone on since.
        """
        inside = site or self.inside
        self.check_alone(inside)
        assert carried_by(inside) == (want or carried_by(self.outside))

    def check_alone(self, site: Site | None = None) -> None:
        """Whatever happened, the tree is proven and the store is whole."""
        inside = site or self.inside
        inside.check_store()
        inside.check_folder()
        inside.check_proven(self._sim)


def carried_by(site: Site) -> Carried:
    """Return what a site's tree carries."""
    kinds = (".mod", ".info", "/list", "/@latest")
    files = site.tree_files()
    plain = {name: digest for name, digest in files.items() if name.endswith(kinds)}
    return Carried(site.carried(), site.listed(), plain)


def bulky(path: str, *, noise_bytes: int = 20_000) -> ModuleSource:
    """Return a module of twice so many bytes that nothing makes smaller than that."""
    data = random.Random(path).randbytes(noise_bytes).hex()
    files = {"go.mod": f"module {path}\n", "data.go": f"package data\n\n// {data}\n"}
    return source(path, "v1.0.0", files)


def grow(pair: Pair, sim: Simulator, number: int) -> None:
    """Let upstream have one more version, and outside take it."""
    sim.publish(module(UPPER, f"v1.{number}.0", day=number))
    sim.log.grow(100)
    pair.sync()
