"""From what upstream offers to what is wanted of one module. Pure.

``list`` names releases and pre-releases; a module without any is known by
``@latest`` alone, as a pseudo-version. What "latest" means among several is told
by gomod.latest.
"""

from __future__ import annotations

from dataclasses import dataclass

from gosync.catalog.versions import FoundBy, Need, Want
from gosync.sync.policy import ModuleRule


@dataclass(frozen=True, slots=True)
class Offer:
    """What an upstream says of one module.

    Attributes:
        listed: ``@v/list``'s versions.
        latest: The version that ``latest`` means; asked for only when a rule
            wants it, or when ``listed`` is empty.
    """

    listed: tuple[str, ...] = ()
    latest: str | None = None


def choose(path: str, rule: ModuleRule, offer: Offer) -> list[Want]:
    """Return the versions that the rule wants of what is offered."""
    wants: list[Want] = []
    if rule.all:
        wants += (Want(path, v, Need.ZIP, FoundBy.LIST) for v in offer.listed)
    if offer.latest is not None and rule.asks_list and not (rule.all and offer.listed):
        found_by = FoundBy.LIST if offer.latest in offer.listed else FoundBy.LATEST
        wants.append(Want(path, offer.latest, Need.ZIP, found_by))
    return wants


def exact(
    path: str, rule: ModuleRule, *, found_by: FoundBy = FoundBy.CONFIG
) -> list[Want]:
    """Return the versions that the rule names itself."""
    return [Want(path, version, need, found_by) for version, need in rule.versions]
