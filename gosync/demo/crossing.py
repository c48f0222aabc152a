"""The demo's second site, which has no network: what was mirrored crosses the gap.

packer.key           signs, outside
media/               the bundle, as it would lie on a stick
inside/gosync.toml   a site that knows no upstream, only the database's key
inside/trust.toml    whose bundles it takes
inside/public        its tree
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from anyio import to_thread

from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import Created, CreateOptions
from gosync.bundle.take.importing import Import
from gosync.bundle.take.outcome import ImportReport
from gosync.config import Config, load_config
from gosync.signing.files import read_trust, write_key
from gosync.signing.keys import KeyKind, generate_key
from gosync.signing.trust import format_trusted_key
from gosync.site.site import open_site
from gosync.work.progress import Progress

TARGET = "inside"
_CONFIG = """\
# Written by `gosync demo`: a site that no network leads to.
[store]
path = "./var"
min_free = "0"

[upstream]
proxies = "off"
sumdb = "{key}"

[publish]
tree = "./public"

[bundle]
trust = "./trust.toml"
"""


class Crossing:
    """The way of one bundle from a site to the one inside.

    Args:
        folder: The demo's folder.
        progress: Is told how far it is.

    Attributes:
        inside: The folder of the site inside.
    """

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.inside = folder / "inside"
        self._folder = folder
        self._progress = progress

    def prepare(self, sumdb: str) -> Config:
        """Make a key, and a site inside that trusts it; return that site's values.

        Args:
            sumdb: The checksum database's key.

        Raises:
            UsageError: if something is there already.
        """
        key = generate_key(KeyKind.ED25519)
        write_key(key, self._folder / "packer.key", comment="packer")
        self.inside.mkdir()
        trust = format_trusted_key("packer", key.public())
        (self.inside / "trust.toml").write_text(trust)
        (self.inside / "gosync.toml").write_text(_CONFIG.format(key=sumdb))
        return load_config(self.inside / "gosync.toml", {})

    async def pack(self, outside: Config) -> Created:
        """Make a bundle, as `gosync bundle create` does; errors are its own."""
        options = CreateOptions(
            target=outside.targets[TARGET], out=self._folder / "media"
        )
        with open_site(outside.site_options(), command="gosync demo") as site:
            create = partial(create_bundle, site, options, self._progress)
            return await to_thread.run_sync(create)

    async def take_in(self, inside: Config, medium: Path) -> ImportReport:
        """Take a bundle in, as `gosync bundle import` does; errors are its own."""
        trust = read_trust(inside.inside.trust)
        with open_site(inside.site_options(), command="gosync demo") as site:
            importing = Import(site, trust=trust, target="", progress=self._progress)
            return await importing.run(medium)
