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
from packageurl import PackageURL

from gosync import __version__
from gosync.gomod.module import ModuleVersion
from gosync.sbom.components import Component, Contents, Exposure

_DATABASE = "Go vulnerability database"
_ENTRIES = "https://pkg.go.dev/vuln/"


def format_cyclonedx(contents: Contents) -> str:
    """Return the document, indented, with a newline at its end."""
    all_made = {
        each.module: _component(each, ComponentType.LIBRARY)
        for each in contents.components
    }
    subject = _component(contents.subject, ComponentType.APPLICATION)
    bom = Bom(components=all_made.values())
    bom.metadata.timestamp = contents.made_at
    bom.metadata.component = subject
    bom.metadata.tools.components.add(
        CycloneComponent(
            name="gosync", version=__version__, type=ComponentType.APPLICATION
        )
    )
    bom.metadata.properties.update(_properties(contents.facts))
    bom.serial_number = uuid5(NAMESPACE_URL, _identity(contents))
    for each in contents.components:
        bom.register_dependency(all_made[each.module], _known(all_made, each.requires))
    bom.vulnerabilities.update(map(_vulnerability, contents.exposures))
    required = contents.subject.requires or tuple(all_made)
    bom.register_dependency(subject, _known(all_made, required))
    return f"{JsonV1Dot6(bom).output_as_string(indent=2)}\n"


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


def _known(
    made: dict[ModuleVersion, CycloneComponent], modules: tuple[ModuleVersion, ...]
) -> list[CycloneComponent]:
    return [made[each] for each in modules if each in made]


def _identity(contents: Contents) -> str:
    lines = [f"{each.purl} {each.zip_h1}" for each in contents.components]
    return "\n".join([contents.subject.purl, *lines])
