"""CycloneDX 1.6 JSON, by cyclonedx-python-lib.

The subject is ``metadata.component``. A component's ``scope`` is ``required`` where a
build links it and ``optional`` where it does not. What CycloneDX has no field for
stands in ``properties``. The serial number follows from the contents, so that the same
contents give the same document but for its time.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as CycloneComponent
from cyclonedx.model.component import ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from gosync import __version__
from gosync.gomod.module import ModuleVersion
from gosync.sbom.components import Component, Contents


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


def _properties(facts: dict[str, str]) -> list[Property]:
    return [Property(name=name, value=value) for name, value in facts.items()]


def _known(
    made: dict[ModuleVersion, CycloneComponent], modules: tuple[ModuleVersion, ...]
) -> list[CycloneComponent]:
    return [made[each] for each in modules if each in made]


def _identity(contents: Contents) -> str:
    lines = [f"{each.purl} {each.zip_h1}" for each in contents.components]
    return "\n".join([contents.subject.purl, *lines])
