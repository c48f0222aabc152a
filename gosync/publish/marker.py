"""The tree's own memory: ``.gosync/tree.json``.

One JSON object::

    format         of the tree, this module's FORMAT; another one is written anew
    complete       false while a publish is under way, and after it was killed
    contents       digest of what is in the tree: the sum of its modules'
    options        digest of what the pages were made with
    sumdb          the checksum database's name, "" for none
    modules        how many modules the tree has
    versions       how many versions the tree has whole
    go_mods        of how many more it has the .mod alone
    unknown        how many more there are that the store does not know
    head           size of the newest tree head that is shown, 0 for none
    heads          by database, every size that a lookup may ever have carried
    old_heads      by database, which older heads of clients are served besides:
                   upper, up to which head all tiles above level 0 are there, and
                   leaves, first and last numbers of tiles at level 0
    store          the id of the store that it was published from, "" for none
    generation     that store's, when this publish began
    vulndb         digest of the vulnerability database that pages tell of, "" for none
    pages          what concerns modules' pages: languages, pkgsite (its address), and
                   precompress, the codings of compressed copies

``heads`` and ``leaves`` only grow: a client that saw a head comes back for its
tiles. A head is written here before the first lookup with it, and read even from a
marker that is incomplete or of another catalog.

The folder is ours when the marker is there, whatever it says. A folder with
other things in it and no marker is somebody else's, and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.errors import StoreError
from gosync.folder import routes
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.promise import Promise
from gosync.publish.storage.tree import TreeReader

# 2: aliases of pseudo-versions, and of 8 and 10 digits
# 3: pages tell what can be built with from go.mod files alone
# 4: modules' pages tell what the newest version says of itself
# 5: modules' pages tell which vulnerabilities are known
# 6: and which packages and commands the newest version has
# 7: and which modules in the tree require it
# 8: and their synopsis and README; pages may be in several languages
FORMAT = 8
_MAX_BYTES = 16 * 1024 * 1024
_HARMLESS = frozenset({routes.MARKER_FOLDER, "lost+found"})


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What the tree says of itself; see the module."""

    format: int = FORMAT
    complete: bool = False
    contents: str = ""
    options: str = ""
    sumdb: str = ""
    modules: int = 0
    versions: int = 0
    unknown: int = 0
    go_mods: int = 0
    head: int = 0
    heads: dict[str, list[int]] = {}
    old_heads: dict[str, Promise] = {}
    store: str = ""
    generation: int = 0
    vulndb: str = ""
    pages: PageOptions = PageOptions()

    def promise(self, name: str) -> Promise:
        """Return which older heads of a database the tree serves."""
        return self.old_heads.get(name, Promise())

    def with_heads(self, name: str, sizes: Iterable[int]) -> Marker:
        """Return a marker that knows these heads of a database, too."""
        known = sorted({*self.heads.get(name, ()), *sizes})
        return msgspec.structs.replace(self, heads={**self.heads, name: known})

    def not_before(self, other: Marker) -> Marker:
        """Return a marker with a generation that is no smaller than another's."""
        if self.store != other.store:
            return self
        number = max(self.generation, other.generation)
        return msgspec.structs.replace(self, generation=number)


def parse_marker(data: bytes) -> Marker:
    """Parse a marker; one that cannot be read is an empty, incomplete one."""
    try:
        return msgspec.json.decode(data[:_MAX_BYTES], type=Marker)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Marker(format=0)


def format_marker(marker: Marker) -> bytes:
    """Return the marker as a line of JSON."""
    return msgspec.json.encode(marker) + b"\n"


def read_marker(tree: TreeReader) -> Marker | None:
    """Return a tree's marker, or None where there is no tree yet.

    Raises:
        StoreError: if its place holds something that is not ours, or cannot be read.
    """
    data = tree.read(routes.MARKER, limit_bytes=_MAX_BYTES)
    if data is not None:
        return parse_marker(data)
    if not set(tree.names("")) <= _HARMLESS:
        raise StoreError(
            f"{tree.name} is not empty and no tree of gosync's",
            hint="name an empty folder in [publish] tree",
        )
    return None
