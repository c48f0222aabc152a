"""What all figures share: sizes, a folder to work in, the corpus behind nginx."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tests.bench.corpus import MIB, make_corpus
from tests.bench.realtree import listed_modules, write_real
from tests.bench.shapes import make_shaped, make_small
from tests.bench.upstream import write_upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured; the targets are those of FULL.

    Attributes:
        versions: Module versions of the corpus.
        large: How many of them are large.
        large_bytes: The size of a large zip.
        shaped: Module versions of the shape that a project's dependencies have.
        verified: Module versions of the tree that is verified.
        records: Filler records of the checksum database.
        tracked: Modules that are tracked in a pass with nothing new.
        events: Events of the index.
        index_rows: Rows of the index that is kept.
        huge_bytes: The size of the huge zip.
        planned: Modules of the selection that is planned.
        store_rows: Versions of the store whose repair is planned.
        required: Modules of the graph that is resolved.
        bundled_files: Source files that modules are cut from, at most.
        bundled_versions: Versions of the module that is bundled with all of them.
        bundled_bytes: The size of its zips.
        bundled_modules: Modules that are bundled with one version each.
        bundled_updates: Modules of which a next version is bundled.
        listed: Versions of the store that is listed.
        slopes: Versions of the stores that every command is measured over.
        targets: Targets of one store whose bundles are planned.
        held: Versions that each of them has.
        published: Module versions of the trees that something is added to.
        shown: Modules of the tree whose pages are looked at.
        asked: Small requests whose processor time is measured.
        line_seconds: How long bad mirrors are asked.
        pulled: Versions that are pulled through from a bad upstream.
        served_seconds: How long a server is asked for one file.
        logged: Lines of the access log that is read.
        swept_bytes: The size of the store that Dask workers verify.
    """

    versions: int
    large: int
    large_bytes: int
    shaped: int
    verified: int
    records: int
    tracked: int
    events: int
    index_rows: int
    huge_bytes: int
    planned: int
    store_rows: int
    required: int
    bundled_files: int
    bundled_versions: int
    bundled_bytes: int
    bundled_modules: int
    bundled_updates: int
    listed: int
    slopes: tuple[int, ...]
    targets: int
    held: int
    published: tuple[int, ...]
    shown: int
    asked: int
    line_seconds: float
    pulled: int
    served_seconds: int
    logged: int
    swept_bytes: int


FULL = Sizes(
    versions=300,
    large=3,
    large_bytes=30 * MIB,
    shaped=552,
    verified=900,
    records=150_000,
    tracked=1_000,
    events=1_000_000,
    index_rows=5_000_000,
    huge_bytes=400 * MIB,
    planned=10_000,
    store_rows=400_000,
    required=1_500,
    bundled_files=100_000,
    bundled_versions=40,
    bundled_bytes=3 * MIB,
    bundled_modules=50,
    bundled_updates=100,
    listed=100_000,
    slopes=(10_000, 100_000, 1_000_000),
    targets=200,
    held=100_000,
    published=(1_000, 10_000, 100_000),
    shown=20_000,
    asked=20_000,
    line_seconds=60,
    pulled=3_000,
    served_seconds=3,
    logged=1_000_000,
    swept_bytes=5_000_000_000,
)
QUICK = replace(
    FULL,
    versions=60,
    large=1,
    shaped=100,
    verified=60,
    events=100_000,
    index_rows=1_000_000,
    slopes=(1_000, 10_000),
    targets=50,
    held=10_000,
    published=(1_000, 10_000),
    shown=2_000,
    asked=5_000,
    line_seconds=10,
    pulled=500,
    served_seconds=1,
    logged=200_000,
    swept_bytes=500_000_000,
)
TINY = Sizes(
    versions=4,
    large=1,
    large_bytes=200_000,
    shaped=4,
    verified=4,
    records=600,
    tracked=3,
    events=5_000,
    index_rows=20_000,
    huge_bytes=2 * MIB,
    planned=20,
    store_rows=400,
    required=30,
    bundled_files=60,
    bundled_versions=3,
    bundled_bytes=100_000,
    bundled_modules=3,
    bundled_updates=3,
    listed=200,
    slopes=(150, 300),
    targets=25,
    held=250,
    published=(100, 200),
    shown=60,
    asked=40,
    line_seconds=0.2,
    pulled=12,
    served_seconds=1,
    logged=500,
    swept_bytes=4 * MIB,
)


@dataclass(frozen=True)
class Setting:
    """One invocation of the bench.

    Attributes:
        folder: An empty folder on the disk that is to be measured.
        sizes: How much is measured.
        runs: How often.
        real: A folder of real modules' files as a proxy has them, if there is one.
        listed: A file that names those to take, one ``path@version`` a line.
        commands: Which commands slopes measures; all where none is named.
    """

    folder: Path
    sizes: Sizes
    runs: int
    real: Path | None = None
    listed: Path | None = None
    commands: frozenset[str] = frozenset()

    def measures(self, command: str) -> bool:
        """Return whether slopes measures a command, by its name in the table."""
        return not self.commands or command in self.commands

    @cached_property
    def corpus(self) -> Corpus:
        """The corpus, written when it is first needed."""
        return self.write_corpus("corpus", self.sizes.versions)

    @cached_property
    def shaped(self) -> Corpus:
        """Modules of the shape that a project's dependencies have."""
        root = self.folder / "shaped"
        made = list(make_shaped(versions=self.sizes.shaped))
        key = write_upstream(made, root, records=self.sizes.records)
        return Corpus(root, tuple(str(module.mv) for module in made), key)

    @cached_property
    def small(self) -> Corpus:
        """Small modules, as many as are pulled through."""
        root = self.folder / "small"
        made = list(make_small(versions=self.sizes.pulled))
        key = write_upstream(made, root, records=self.sizes.records)
        return Corpus(root, tuple(str(module.mv) for module in made), key)

    @cached_property
    def real_modules(self) -> Corpus | None:
        """Real modules, where somebody has them in a folder."""
        if self.real is None:
            return None
        root = self.folder / "real"
        modules = listed_modules(self.real, self.listed)
        key = write_real(self.real, modules, root, records=self.sizes.records)
        return Corpus(root, tuple(map(str, modules)), key)

    def write_corpus(self, name: str, versions: int) -> Corpus:
        """Write a corpus of so many versions."""
        sizes = self.sizes
        root = self.folder / name
        made = list(
            make_corpus(
                versions=versions, large=sizes.large, large_bytes=sizes.large_bytes
            )
        )
        key = write_upstream(made, root, records=sizes.records)
        return Corpus(root, tuple(str(module.mv) for module in made), key)

    def room(self, name: str) -> Path:
        """Return a new, empty folder."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        return folder


@dataclass(frozen=True, slots=True)
class Corpus:
    """The corpus as files for nginx.

    Attributes:
        root: Where they are.
        modules: Its versions as path@version.
        verifier_key: The checksum database's.
    """

    root: Path
    modules: tuple[str, ...]
    verifier_key: str

    def zips(self) -> list[Path]:
        """Return the zip files, sorted."""
        return sorted(self.root.rglob("*.zip"))
