"""Facts of a module as the catalog keeps them (``facts``), read back."""

from __future__ import annotations

import msgspec

from gosync.catalog.documents import read_document
from gosync.catalog.modules import Module
from gosync.gomod.modfile import Retraction
from gosync.sync.offer import ModuleFacts


class FactsDocument(msgspec.Struct):
    """What a module's newest go.mod says, as JSON; see ``ModuleFacts``."""

    top: str
    own: dict[str, bool]
    retracted: list[tuple[str, str]]
    deprecated: str


def facts_of(module: Module) -> ModuleFacts:
    """Return what is known of a module; nothing until its go.mod was had."""
    if not module.facts:
        return ModuleFacts()
    kept = read_document(module.facts, FactsDocument)
    retracted = tuple(Retraction(low, high) for low, high in kept.retracted)
    return ModuleFacts(kept.top, kept.own, retracted, kept.deprecated)
