"""Sections ``[[target]]`` and ``[bundle]``, made into options of bundles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from gosync.bundle.options import InsideSpec, TargetSpec
from gosync.config.durations import parse_duration
from gosync.config.mistakes import Key, Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.schema import BundleSection, FileSchema, TargetSection
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError


def make_targets(
    sections: Sequence[TargetSection], places: ConfigPaths, mistakes: Mistakes
) -> dict[str, TargetSpec]:
    """Return the sites that bundles are made for; mistakes are noted."""
    targets: dict[str, TargetSpec] = {}
    for number, section in enumerate(sections, start=1):
        at = ("target", number)
        if section.name in targets:
            error = ConfigError(f"target {section.name!r} is named twice")
            mistakes.add((*at, "name"), error)
        targets[section.name] = _target(section, at, places, mistakes)
    return targets


def _target(
    section: TargetSection, at: Key, places: ConfigPaths, mistakes: Mistakes
) -> TargetSpec:
    size = partial(parse_size, section.volume_size)
    resend = partial(_seconds, section.resend_after)
    outbox = places.optional((*at, "outbox"), section.outbox)
    inbox = places.optional((*at, "inbox"), section.inbox)
    _check_apart((*at, "inbox"), inbox, outbox, mistakes)
    return TargetSpec(
        name=section.name,
        volume_bytes=mistakes.attempt((*at, "volume_size"), size, 0),
        keys=tuple(places.path((*at, "keys"), key) for key in section.keys),
        sealed_base=section.base == "sealed",
        sbom=tuple(dict.fromkeys(section.sbom)),
        outbox=outbox,
        inbox=inbox,
        resend_seconds=mistakes.attempt((*at, "resend_after"), resend, 1.0),
    )


def make_inside(
    section: BundleSection, places: ConfigPaths, mistakes: Mistakes
) -> InsideSpec:
    """Return how bundles are taken in; mistakes are noted."""
    outbox = places.optional(("bundle", "outbox"), section.outbox)
    inbox = places.optional(("bundle", "inbox"), section.inbox)
    _check_apart(("bundle", "inbox"), inbox, outbox, mistakes)
    return InsideSpec(
        trust=places.path(("bundle", "trust"), section.trust),
        target=section.target,
        inbox=inbox,
        outbox=outbox,
    )


def _check_apart(
    key: Key, inbox: Path | None, outbox: Path | None, mistakes: Mistakes
) -> None:
    """Note folders of which one is in the other: what left would come in again."""
    if inbox is None or outbox is None:
        return
    if inbox.is_relative_to(outbox) or outbox.is_relative_to(inbox):
        hint = "name two folders, neither inside of the other"
        mistakes.add(key, ConfigError("inbox and outbox overlap", hint=hint))


def _seconds(text: str) -> float:
    seconds = parse_duration(text).total_seconds()
    if seconds <= 0:
        raise ConfigError(f"is {text!r}", hint="write more than that, like 7d")
    return seconds


def takes_bundles(section: BundleSection, inside: InsideSpec) -> bool:
    """Return whether a site is set up to take bundles in."""
    return section != BundleSection() or inside.trust.exists()


def is_inside(sections: FileSchema, inside: InsideSpec) -> bool:
    """Return whether a site is fed by bundles: then nothing is selected there."""
    selects = sections.select or sections.project or sections.toolchains.versions
    brings = bool(selects or sections.upstream.follow)
    return not brings and takes_bundles(sections.bundle, inside)
