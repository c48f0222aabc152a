"""Components of an SBOM, and the subject that they are of. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gosync.gomod.module import ModuleVersion
from gosync.gomod.purl import format_purl
from gosync.licence.expression import UNKNOWN


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One module version, or a folder of a project.

    Attributes:
        module: Its path and version; a main module or a folder has no version.
        is_required: Whether a build links it; None where that is not known.
        zip_h1: The ``h1:`` of its zip.
        mod_h1: The ``h1:`` of its go.mod.
        sha256: Of the zip that is carried, hex.
        licence: Its SPDX expression, ``unknown``, or "" where its zip is not here.
        proof: Who vouches for it: "sumdb" or "pinned".
        record_id: The number of its record in the checksum database.
        replaces: What it stands for by a replace line of the project.
        requires: What it requires, of the other components.
    """

    module: ModuleVersion
    is_required: bool | None = None
    zip_h1: str | None = None
    mod_h1: str | None = None
    sha256: str | None = None
    licence: str = ""
    proof: str | None = None
    record_id: int | None = None
    replaces: ModuleVersion | None = None
    requires: tuple[ModuleVersion, ...] = ()

    @property
    def purl(self) -> str:
        """Its package URL, e.g. ``pkg:golang/github.com/BurntSushi/toml@v1.6.0``."""
        return format_purl(self.module)

    @property
    def expression(self) -> str | None:
        """Its SPDX expression, None where it is not known."""
        return self.licence if self.licence not in ("", UNKNOWN) else None

    @property
    def facts(self) -> dict[str, str]:
        """What no field of either format has, by names of gosync's own."""
        facts = {
            "gosync:h1": self.zip_h1,
            "gosync:go.mod:h1": self.mod_h1,
            "gosync:proof": self.proof,
            "gosync:sumdb:record": self.record_id,
            "gosync:replaces": self.replaces,
        }
        return {name: str(each) for name, each in facts.items() if each is not None}


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A vulnerability of one component.

    Attributes:
        id: The entry's identifier.
        aliases: Its numbers elsewhere.
        summary: One line.
        published: When it became known, None where nobody says.
        modified: When the entry changed last.
        purl: The component.
        fixed: The first version above that is not affected, "" for none.
        is_present: Whether a build has its code, None where that is not known.
        note: Why it was let in though the policy refuses it, "" where it does not.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    published: datetime | None
    modified: datetime
    purl: str
    fixed: str
    is_present: bool | None
    note: str = ""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """A subject and its components.

    Attributes:
        subject: What all is of: main module, version, tree or bundle.
        components: Its components, by path and version; the subject is none.
        made_at: When this was told.
        facts: The checksum database's head that proofs lead to, by name.
        exposures: The components' known vulnerabilities.
    """

    subject: Component
    components: tuple[Component, ...]
    made_at: datetime
    facts: dict[str, str] = msgspec.field(default_factory=dict)
    exposures: tuple[Exposure, ...] = ()
