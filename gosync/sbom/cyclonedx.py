"""CycloneDX 1.6 JSON, by cyclonedx-python-lib.

The subject is ``metadata.component``. A component's ``scope`` is ``required`` where a
build links it and ``optional`` where it does not. What CycloneDX has no field for
stands in ``properties``. Known vulnerabilities are ``vulnerabilities``, one for each
component that has one, with an ``analysis`` (VEX): ``not_affected`` where a build links
none of the code, else ``in_triage``, for somebody has to look. The serial number
follows from the contents, so that the same contents give the same document but for its
time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as CycloneComponent
from cyclonedx.model.component import ComponentScope, ComponentType
from cyclonedx.model.impact_analysis import (
    ImpactAnalysisJustification,
    ImpactAnalysisState,
)
from cyclonedx.model.license import LicenseExpression
from cyclonedx.model.vulnerability import (
    BomTarget,
    Vulnerability,
    VulnerabilityAnalysis,
    VulnerabilityReference,
    VulnerabilitySource,
)
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema.schema import SchemaVersion1Dot6
from packageurl import PackageURL

from gosync import __version__
from gosync.gomod.purl import format_purl
from gosync.sbom.components import Component, Contents, Exposure

_INDENT: Final = 2
_DATABASE = "Go vulnerability database"
_ENTRIES = "https://pkg.go.dev/vuln/"


def cyclonedx_pieces(contents: Contents) -> Iterator[str]:
    """Yield the document piece by piece, indented, with a newline at its end.

    The library makes the frame, and each component and vulnerability by itself: a
    document of it that has all of them looks through all for each one's dependencies.
    """
    frame = JsonV1Dot6(_frame(contents)).output_as_string(indent=_INDENT)
    yield frame.rstrip().removesuffix("}").rstrip()
    yield from _array("components", map(_library, contents.components))
    yield from _array("dependencies", _dependencies(contents))
    vulnerabilities = (_vulnerability(each) for each in contents.exposures)
    yield from _array("vulnerabilities", map(_plain, vulnerabilities))
    yield "\n}\n"


def _frame(contents: Contents) -> Bom:
    """Return the document without its arrays."""
    bom = Bom()
    bom.metadata.timestamp = contents.made_at
    bom.metadata.component = _component(contents.subject, ComponentType.APPLICATION)
    bom.metadata.tools.components.add(
        CycloneComponent(
            name="gosync", version=__version__, type=ComponentType.APPLICATION
        )
    )
    bom.metadata.properties.update(_properties(contents.facts))
    bom.serial_number = uuid5(NAMESPACE_URL, _identity(contents))
    return bom


def _array(name: str, items: Iterable[object]) -> Iterator[str]:
    """Yield a further key of the document, and its items; nothing for none."""
    before = f',\n  "{name}": [\n'
    for item in items:
        yield before + indent(json.dumps(item, indent=_INDENT), 2 * " " * _INDENT)
        before = ",\n"
    if before == ",\n":
        yield "\n  ]"


def _library(component: Component) -> object:
    return _plain(_component(component, ComponentType.LIBRARY))


def _plain(made: CycloneComponent | Vulnerability) -> object:
    return json.loads(made.as_json(view_=SchemaVersion1Dot6))  # type: ignore[union-attr]


def _dependencies(contents: Contents) -> Iterator[dict[str, object]]:
    """Yield what each one requires, of what the document has."""
    known = {each.module for each in contents.components}
    for each in (*contents.components, contents.subject):
        requires = tuple(module for module in each.requires if module in known)
        if each is contents.subject and not each.requires:
            requires = tuple(component.module for component in contents.components)
        depends_on = sorted(map(format_purl, requires))
        yield (
            {"dependsOn": depends_on, "ref": each.purl}
            if depends_on
            else {"ref": each.purl}
        )


def _component(component: Component, kind: ComponentType) -> CycloneComponent:
    module, expression = component.module, component.expression
    required = {
        True: ComponentScope.REQUIRED,
        False: ComponentScope.OPTIONAL,
        None: None,
    }
    return CycloneComponent(
        name=module.path,
        version=module.version or None,
        type=kind,
        bom_ref=component.purl,
        purl=PackageURL.from_string(component.purl) if module.version else None,
        scope=required[component.is_required],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=component.sha256)]
        if component.sha256
        else [],
        licenses=[LicenseExpression(expression)] if expression else [],
        properties=_properties(component.facts),
    )


def _vulnerability(exposure: Exposure) -> Vulnerability:
    url = f"{_ENTRIES}{exposure.id}"
    return Vulnerability(
        bom_ref=f"{exposure.purl}#{exposure.id}",
        id=exposure.id,
        source=VulnerabilitySource(name=_DATABASE, url=XsUri(url)),
        references=[
            VulnerabilityReference(
                id=each, source=VulnerabilitySource(name=each.partition("-")[0])
            )
            for each in exposure.aliases
        ],
        description=exposure.summary or None,
        recommendation=f"upgrade to {exposure.fixed}" if exposure.fixed else None,
        published=exposure.published,
        updated=exposure.modified,
        analysis=_analysis(exposure),
        affects=[BomTarget(ref=exposure.purl)],
    )


def _analysis(exposure: Exposure) -> VulnerabilityAnalysis:
    if exposure.is_present is False:
        return VulnerabilityAnalysis(
            state=ImpactAnalysisState.NOT_AFFECTED,
            justification=ImpactAnalysisJustification.CODE_NOT_PRESENT,
            detail=exposure.note or "the build links none of the vulnerable packages",
        )
    linked = "the build links it" if exposure.is_present else ""
    return VulnerabilityAnalysis(
        state=ImpactAnalysisState.IN_TRIAGE, detail=exposure.note or linked or None
    )


def _properties(facts: dict[str, str]) -> list[Property]:
    return [Property(name=name, value=value) for name, value in facts.items()]


def _identity(contents: Contents) -> str:
    lines = [f"{each.purl} {each.zip_h1}" for each in contents.components]
    return "\n".join([contents.subject.purl, *lines])
