"""Section of what may come in: ``[policy]``."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gosync.config.schema.section import Days, Section
from gosync.site.licencerules import UnknownLicence


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
    unknown: UnknownLicence | None = None


class PolicyExceptionSection(Section, frozen=True):
    """One ``[[policy.exception]]``: what comes in though a rule would keep it out.

    Attributes:
        modules: Paths, patterns, path@version, path@RANGE.
        licences: The licences that it lets in; none: whatever the rule is.
        reason: Why.
        until: The last day, like 2027-01-31.
    """

    modules: tuple[str, ...]
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: str
    licences: tuple[str, ...] = ()


class PolicySection(Section, frozen=True):
    """``[policy]``: what may come in of what is selected; zips, not go.mod files.

    Attributes:
        licences: Which licences may.
        deny: Paths, patterns, path@version, path@RANGE that may not.
        min_age: Days that a version must have been known to the index.
        max_zip: The largest zip that is handed on, like "100MiB"; "" for no limit.
        contact: A name of before: told, beside publish.contact, with what is refused.
        exception: What comes in all the same, and until when.
    """

    licences: LicencesSection = LicencesSection()
    deny: tuple[str, ...] = ()
    min_age: Days = 0
    max_zip: str = ""
    contact: str = ""
    exception: tuple[PolicyExceptionSection, ...] = ()
