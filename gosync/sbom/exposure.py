"""Known vulnerabilities of an SBOM's components, and whether a build has their code.

Pure. It is told by the packages that an entry names: where a build is known to link
none of them, the component is not affected, since the code is not present. A component
that is linked, or of which that is not known, is to be looked at.
"""

from __future__ import annotations

from collections.abc import Collection

from gosync.osv.affected import fixes_after, is_affected
from gosync.osv.entry import AffectedModule, VulnEntry
from gosync.sbom.components import Component, Exposure


def exposure(
    entry: VulnEntry,
    module: AffectedModule,
    component: Component,
    *,
    packages: Collection[str] | None,
    note: str = "",
) -> Exposure | None:
    """Return what an entry says of a component, None where it is not affected.

    Args:
        entry: The entry.
        module: What it says of the component's module.
        component: The component.
        packages: The import paths that a build links, None where they are not known.
        note: See ``Exposure``.
    """
    version = component.module.version
    if not is_affected(module, version):
        return None
    return Exposure(
        id=entry.id,
        aliases=entry.aliases,
        summary=" ".join(entry.summary.split()),
        published=entry.published,
        modified=entry.modified,
        purl=component.purl,
        fixed=fixes_after(module, version),
        is_present=_is_present(module, component, packages),
        note=note,
    )


def _is_present(
    module: AffectedModule, component: Component, packages: Collection[str] | None
) -> bool | None:
    if not component.is_required:
        return component.is_required  # the build links nothing of it, or nobody knows
    named = [each.path for each in module.ecosystem_specific.imports]
    if packages is None or not named:
        return True
    return any(each in packages for each in named)
