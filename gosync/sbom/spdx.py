"""SPDX 2.3 JSON, by spdx-tools.

The document describes the subject, which contains every component; who requires whom is
``DEPENDS_ON``. A component that no build links is an ``OPTIONAL_DEPENDENCY_OF`` the
subject. What SPDX has no field for stands in a package's comment, one ``name: value`` a
line. A package's known vulnerabilities are references of the category ``SECURITY``.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from io import StringIO
from uuid import NAMESPACE_URL, uuid5

from license_expression import LicenseExpression, get_spdx_licensing
from spdx_tools.spdx.model import (
    Actor,
    ActorType,
    Checksum,
    ChecksumAlgorithm,
    CreationInfo,
    Document,
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    Relationship,
    RelationshipType,
    SpdxNoAssertion,
)
from spdx_tools.spdx.writer.json.json_writer import write_document_to_stream

from gosync import __version__
from gosync.sbom.components import Component, Contents, Exposure

_DOCUMENT = "SPDXRef-DOCUMENT"
_ENTRIES = "https://pkg.go.dev/vuln/"


def spdx_pieces(contents: Contents) -> Iterator[str]:
    """Yield the document piece by piece, with a newline at its end."""
    packages = [contents.subject, *contents.components]
    identity = "\n".join(f"{each.purl} {each.zip_h1}" for each in packages)
    name = str(contents.subject.module)
    creation = CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id=_DOCUMENT,
        name=name,
        document_namespace=f"urn:uuid:{uuid5(NAMESPACE_URL, identity)}",
        creators=[Actor(ActorType.TOOL, f"gosync-{__version__}")],
        created=contents.made_at.replace(microsecond=0, tzinfo=None),
        document_comment=_lines(contents.facts),
    )
    exposures = defaultdict[str, list[Exposure]](list)
    for exposure in contents.exposures:
        exposures[exposure.purl].append(exposure)
    document = Document(
        creation,
        packages=[_package(each, exposures.get(each.purl, ())) for each in packages],
        relationships=list(_relationships(contents)),
    )
    out = StringIO()
    write_document_to_stream(document, out, validate=False, drop_duplicates=False)
    yield f"{out.getvalue()}\n"


def _package(component: Component, exposures: Iterable[Exposure]) -> Package:
    module = component.module
    return Package(
        spdx_id=_id_of(component),
        name=module.path,
        version=module.version or None,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        checksums=[Checksum(ChecksumAlgorithm.SHA256, component.sha256)]
        if component.sha256
        else [],
        license_concluded=SpdxNoAssertion(),
        license_declared=_declared(component.expression),
        copyright_text=SpdxNoAssertion(),
        external_references=list(_references(component, exposures)),
        comment=_lines(component.facts),
    )


@cache
def _declared(expression: str | None) -> LicenseExpression | SpdxNoAssertion:
    """Return an expression parsed: to make its parser takes 40 ms each time."""
    if expression is None:
        return SpdxNoAssertion()
    return get_spdx_licensing().parse(expression)


def _references(
    component: Component, exposures: Iterable[Exposure]
) -> Iterator[ExternalPackageRef]:
    if component.module.version:
        category = ExternalPackageRefCategory.PACKAGE_MANAGER
        yield ExternalPackageRef(category, "purl", component.purl)
    for each in exposures:
        security = ExternalPackageRefCategory.SECURITY
        comment = f"{each.summary}; fixed in {each.fixed or 'no version'}"
        url = f"{_ENTRIES}{each.id}"
        yield ExternalPackageRef(security, "advisory", url, comment)


def _relationships(contents: Contents) -> Iterator[Relationship]:
    subject, ids = _id_of(contents.subject), {}
    yield Relationship(_DOCUMENT, RelationshipType.DESCRIBES, subject)
    for each in contents.components:
        ids[each.module] = _id_of(each)
        yield Relationship(subject, RelationshipType.CONTAINS, _id_of(each))
        if each.is_required is False:
            kind = RelationshipType.OPTIONAL_DEPENDENCY_OF
            yield Relationship(_id_of(each), kind, subject)
    for each in (contents.subject, *contents.components):
        for required in each.requires:
            if required in ids:
                kind = RelationshipType.DEPENDS_ON
                yield Relationship(_id_of(each), kind, ids[required])


def _id_of(component: Component) -> str:
    """Return an identifier: SPDX takes letters, digits, ``.`` and ``-`` alone."""
    digest = hashlib.sha256(component.purl.encode()).hexdigest()
    return f"SPDXRef-Package-{digest[:32]}"


def _lines(facts: dict[str, str]) -> str | None:
    return "\n".join(f"{name}: {value}" for name, value in facts.items()) or None
