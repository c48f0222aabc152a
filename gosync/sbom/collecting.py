"""Components of a project, of a version, of the tree or of a bundle.

All is read from catalog and store; nobody is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from gosync.bundle.format.manifest import VersionEntry
from gosync.catalog.db import Catalog
from gosync.catalog.rulings import Effect
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import NotFoundError
from gosync.gomod import gover
from gosync.gomod.mains import MainModule, Mains
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.mvs import Load, Resolution, resolve
from gosync.gomod.semver import version_key
from gosync.hint import advise, command
from gosync.ingest.storedfacts import has_zip
from gosync.ingest.storedlicences import StoredLicences
from gosync.ingest.storedvulns import StoredVulns
from gosync.project import Project, read_project
from gosync.project.packages import read_folder_packages
from gosync.sbom.components import Component, Contents, Exposure
from gosync.sbom.exposure import exposure
from gosync.sbom.linked import Linked, linked_modules
from gosync.store.blobs import BlobReader
from gosync.sync.dependencies import ProjectLoad
from gosync.sync.gomods import StoredGoMods
from gosync.sync.packages import StoredPackages

TREE = "tree"


class Collector:
    """Puts components together from one store."""

    def __init__(self, catalog: Catalog, blobs: BlobReader, *, now: datetime) -> None:
        self._catalog = catalog
        self._gomods = StoredGoMods(catalog, blobs, bears_damage=False)
        self._packages = StoredPackages(catalog, blobs)
        self._licences = StoredLicences(catalog, blobs)
        self._vulns = StoredVulns(catalog, blobs)
        self._now = now

    def project(self, folder: Path, *, linked: Linked | None = None) -> Contents:
        """Return what ``go list -m all`` lists in a project.

        Args:
            folder: The project.
            linked: What its binary was built of; without, imports tell it.

        Raises:
            ConfigError: The folder is no project, or a file of it does not parse.
            NotFoundError: A go.mod that the build list needs is not carried.
            StoreError: Store or catalog cannot be read.
        """
        project = read_project(folder)
        found = _resolved(project.mains, ProjectLoad(project, self._gomods))
        if linked is None:
            linked = self._linked(project, found)
        components = list(self._of_build_list(found, linked))
        packages = None if linked is None else linked.packages
        main, *others = (_main(found, each) for each in project.mains.versions)
        return self._contents(main, [*others, *components], packages)

    def version(self, mv: ModuleVersion) -> Contents:
        """Return what a version is built with as the main module, by itself.

        Raises:
            NotFoundError: It is not carried, or a go.mod of what it requires is not.
            StoreError: Store or catalog cannot be read.
        """
        gomod = self._gomods.load(mv)
        if gomod is None:
            raise NotFoundError(
                f"{mv}: not carried", hint=advise("see {}", command("list", mv.path))
            )
        plain = replace(gomod, replace=(), exclude=())
        mains = Mains([MainModule(plain)])
        found = _resolved(mains, self._gomods.load)
        own = self._packages.load(mv)
        linked = None if own is None else self._follow({mv.path: own}, found)
        components = list(self._of_build_list(found, linked))
        requires = _main(found, mains.versions[0]).requires
        subject = replace(self._component(mv), requires=requires)
        packages = None if linked is None else linked.packages
        return self._contents(subject, components, packages)

    def tree(self) -> Contents:
        """Return everything that is carried whole.

        Raises:
            StoreError: Store or catalog cannot be read.
        """
        rows = (e for e in self._catalog.versions.all_rows() if e.carried is Need.ZIP)
        carried = (row for row in rows if not (row.withdrawn or row.denied))
        return self.selected(TREE, carried)

    def selected(self, name: str, rows: Iterable[VersionRow]) -> Contents:
        """Return versions that are carried whole.

        Args:
            name: What they are of.
            rows: The versions.

        Raises:
            StoreError: Store or catalog cannot be read.
        """
        components = [self._of_row(row) for row in rows]
        return self._contents(Component(module=ModuleVersion(name, "")), components)

    def bundle(self, name: str, entries: Iterable[VersionEntry]) -> Contents:
        """Return the versions that a bundle's manifest has whole.

        Args:
            name: The bundle's.
            entries: Its versions; of those that the store has, licences are told.

        Raises:
            StoreError: Store or catalog cannot be read.
        """
        components = [self._of_entry(each) for each in entries if each.zip_h1]
        return self._contents(Component(module=ModuleVersion(name, "")), components)

    def _contents(
        self,
        subject: Component,
        found: Iterable[Component],
        packages: frozenset[str] | None = None,
    ) -> Contents:
        ordered = sorted(found, key=_order)
        exposed = (subject, *ordered) if subject.module.version else ordered
        return Contents(
            subject=subject,
            components=tuple(ordered),
            made_at=self._now,
            facts=self._heads(),
            exposures=tuple(self._exposures(exposed, packages)),
        )

    def _exposures(
        self, components: Iterable[Component], packages: frozenset[str] | None
    ) -> Iterator[Exposure]:
        for component in components:
            mv = component.module
            if not mv.version:
                continue
            for entry, module in self._vulns.of(mv.path):
                found = exposure(entry, module, component, packages=packages)
                if found is not None:
                    yield replace(found, note=self._excepted(mv))

    def _excepted(self, mv: ModuleVersion) -> str:
        ruling = self._catalog.rulings.get(mv)
        if ruling is None or ruling.effect is not Effect.EXCEPTED:
            return ""
        until = f" until {ruling.until}" if ruling.until else ""
        return f"let in by an exception{until}: {ruling.exception}"

    def _heads(self) -> dict[str, str]:
        """Return each log's trusted head: size and root hash, as in its note."""
        heads = self._catalog.heads
        return {
            f"gosync:sumdb:{name}": " ".join(heads.get(name).decode().split("\n")[1:3])
            for name in heads.names()
        }

    def _linked(self, project: Project, found: Resolution) -> Linked | None:
        mains = {
            each.path: read_folder_packages(project.folder / each.folder)
            for each in project.mains.modules
        }
        return self._follow(mains, found)

    def _follow(
        self, mains: dict[str, ModulePackages], found: Resolution
    ) -> Linked | None:
        others = [each for each in found.build_list() if each.version]
        actual = {each: found.mains.actual(each) for each in others}

        def load(module: ModuleVersion, /) -> ModulePackages | None:
            behind = actual[module]
            return self._packages.load(behind) if behind.version else None

        linked = linked_modules(mains, others, load)
        if linked is None:
            return None
        return Linked(
            frozenset(actual[each] for each in linked.modules), linked.packages
        )

    def _of_build_list(
        self, found: Resolution, linked: Linked | None
    ) -> Iterator[Component]:
        for each in found.build_list():
            if not each.version:
                continue  # a main module
            actual = found.mains.actual(each)
            component = self._component(actual)
            yield replace(
                component,
                is_required=None if linked is None else actual in linked.modules,
                replaces=each if actual != each else None,
                requires=_requires(found, actual, of=each),
            )

    def _component(self, mv: ModuleVersion) -> Component:
        row = self._catalog.versions.get(mv) if mv.version else None
        return Component(module=mv) if row is None else self._of_row(row)

    def _of_row(self, row: VersionRow) -> Component:
        whole = has_zip(row)
        return Component(
            module=row.mv,
            zip_h1=row.zip_h1,
            mod_h1=row.mod_h1,
            sha256=row.zip_digest,
            licence=self._licences.of(row).expression if whole else "",
            proof=row.proof.value if row.proof else None,
            record_id=row.record_id,
        )

    def _of_entry(self, entry: VersionEntry) -> Component:
        row = self._catalog.versions.get(entry.mv)
        if row is not None and row.zip_h1 == entry.zip_h1:
            return self._of_row(row)
        return Component(
            module=entry.mv,
            zip_h1=entry.zip_h1,
            mod_h1=entry.mod_h1,
            proof=entry.proof.value,
            record_id=entry.record_id,
        )


def _resolved(mains: Mains, load: Load) -> Resolution:
    found = resolve(mains, load)
    if found.problems:
        mv, problem = next(iter(found.problems.items()))
        raise NotFoundError(
            f"{mv}: its go.mod is needed to know what is selected: {problem}",
            hint='carry it: deps = "build" in its [[select]] selects what it requires',
        )
    return found


def _main(found: Resolution, module: ModuleVersion) -> Component:
    return Component(module=module, requires=_requires(found, module, of=module))


def _requires(
    found: Resolution, module: ModuleVersion, *, of: ModuleVersion
) -> tuple[ModuleVersion, ...]:
    """Return the selected versions of what a module requires, replacements applied."""
    requirements = found.graph.requirements(of) or ()
    selected = (
        ModuleVersion(each.path, found.graph.selected(each.path) or each.version)
        for each in requirements
        if not gover.is_toolchain(each.path)
    )
    actual = {found.mains.actual(each) if each.version else each for each in selected}
    return tuple(sorted(actual - {module}, key=_order_of))


def _order(component: Component) -> tuple[str, object]:
    return _order_of(component.module)


def _order_of(module: ModuleVersion) -> tuple[str, object]:
    return module.path, version_key(module.version) if module.version else ()
