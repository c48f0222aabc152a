"""Section of what may come in: ``[policy]``."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from gosync.config.schema.section import Days, Section
from gosync.site.ground import Treatment


class LicencesSection(Section, frozen=True):
    """``[policy] licences``: SPDX's identifiers, or globs of them like "BSD-*".

    Attributes:
        allow: Licences that may come in; none: every one.
        deny: Licences that may not.
        unknown: What becomes of a licence that is not recognised: "allow", "warn" or
            "refuse"; absent: "refuse" where ``allow`` names any, else "warn" where
            ``deny`` does.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    unknown: Treatment | None = None


class VulnerabilitiesSection(Section, frozen=True):
    """``[policy] vulnerabilities``: GO-2024-0001, CVE-2024-1234, or globs of them.

    Attributes:
        deny: Those that are refused, whatever the other keys say.
        ignore: Those that do not count.
        fixed: What becomes of a version where a later one fixes it: "allow", "warn"
            or "refuse".
        unfixed: What becomes of it where none does.
        grace_days: Days for which one that is new is only told of.
    """

    deny: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fixed: Treatment = Treatment.ALLOW
    unfixed: Treatment = Treatment.ALLOW
    grace_days: Days = 0


class RequireSignatureSection(Section, frozen=True):
    """``[policy] require_signature``: whose signatures modules must have.

    Attributes:
        patterns: Which modules, as in GOPRIVATE.
        keys: Files of public keys, or folders of them, ``*.pub``; read at each use.
        threshold: How many different keys must have signed.
    """

    patterns: tuple[str, ...]
    keys: tuple[str, ...]
    threshold: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


_Signatures: TypeAlias = RequireSignatureSection | tuple[RequireSignatureSection, ...]


class PolicyExceptionSection(Section, frozen=True):
    """One ``[[policy.exception]]``: what comes in though a rule would keep it out.

    Attributes:
        modules: Paths, patterns, path@version, path@RANGE.
        licences: The licences that it lets in.
        vulnerabilities: The vulnerabilities that it lets in; where neither is named,
            whatever the rule is.
        reason: Why.
        until: The last day, like 2027-01-31.
    """

    modules: tuple[str, ...]
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: str
    licences: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()


class PolicySection(Section, frozen=True):
    """``[policy]``: what may come in of what is selected; zips, not go.mod files.

    Attributes:
        licences: Which licences may.
        deny: Paths, patterns, path@version, path@RANGE that may not.
        min_age: Days that a version must have been known to the index.
        max_zip: The largest zip that is handed on, like "100MiB"; "" for no limit.
        deprecated: What becomes of a module that its author advises against: "allow",
            "warn" or "refuse".
        retracted: What becomes of a version that its author took back.
        vulnerabilities: What becomes of versions with known vulnerabilities.
        require_signature: Whose signatures modules must have; one rule or several.
        contact: A name of before: told, beside publish.contact, with what is refused.
        exception: What comes in all the same, and until when.
    """

    licences: LicencesSection = LicencesSection()
    deny: tuple[str, ...] = ()
    min_age: Days = 0
    max_zip: str = ""
    deprecated: Treatment = Treatment.ALLOW
    retracted: Treatment = Treatment.ALLOW
    vulnerabilities: VulnerabilitiesSection = VulnerabilitiesSection()
    require_signature: _Signatures = ()
    contact: str = ""
    exception: tuple[PolicyExceptionSection, ...] = ()
