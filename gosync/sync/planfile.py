"""``plan.json``: what was planned, and the state that it was planned on.

A JSON object::

    {"schema": 1, "type": "plan", "state": "<sha256>",
     "adds": [{"path": ..., "version": ..., "need": "zip", ...}, ...],
     "updates": [...], "removes": [...], ...}

``state`` is a digest of the configuration, the projects' files, what upstream
offered and what the catalog held. ``gosync sync --plan`` does exactly what was
planned, and refuses when the state is another one: somebody may have approved
the plan, and nobody has approved anything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from gosync.errors import MalformedError, StalePlanError, UsageError
from gosync.gomod import module
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.site.site import Site
from gosync.sync.fingerprint import fingerprint_of
from gosync.sync.planned import PlannedVersion
from gosync.sync.projects import ConfiguredProject
from gosync.text import encode_json

SCHEMA = 1
_MAX_PLAN_BYTES = 1 << 30


class PlanFile(msgspec.Struct, frozen=True):
    """What ``sync --plan`` reads of a plan; it has more, for people."""

    schema: int
    type: str
    state: str
    adds: list[PlannedVersion]
    updates: list[PlannedVersion]

    @property
    def versions(self) -> frozenset[ModuleVersion]:
        """What is to be fetched."""
        fetched = (*self.adds, *self.updates)
        return frozenset(each.mv for each in fetched)


class ApprovedPlan(msgspec.Struct, frozen=True):
    """A plan that fits the present state.

    Attributes:
        versions: What is to be fetched.
    """

    versions: frozenset[ModuleVersion]


def state_of(site: Site, projects: Iterable[ConfiguredProject]) -> str:
    """Return a digest of all that a plan follows from."""
    parts = (
        fingerprint_of(site.options, site.catalog, projects),
        site.catalog.versions.last_change(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def write_plan(path: Path, document: Mapping[str, object]) -> None:
    """Write a plan, whole or not at all.

    Raises:
        UsageError: if the file cannot be written.
    """
    data = encode_json({"schema": SCHEMA, "type": "plan", **document})
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(msgspec.json.format(data, indent=2) + b"\n")
        partial.replace(path)
    except OSError as exc:
        partial.unlink(missing_ok=True)
        raise UsageError(f"{path}: {exc.strerror}") from exc


def read_plan(path: Path) -> PlanFile:
    """Read a plan.

    Raises:
        UsageError: if it cannot be read, or is no plan.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_PLAN_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc
    hint = advise("write one with {}", command("plan", "--out", "FILE"))
    if len(data) > _MAX_PLAN_BYTES:
        raise UsageError(f"{path}: too large for a plan", hint=hint)
    try:
        plan = msgspec.json.decode(data, type=PlanFile)
    except msgspec.DecodeError as exc:
        raise UsageError(f"{path}: no plan: {exc}", hint=hint) from exc
    if (plan.schema, plan.type) != (SCHEMA, "plan"):
        raise UsageError(f"{path}: a {plan.type} of schema {plan.schema}", hint=hint)
    try:
        for mv in plan.versions:
            module.check(mv.path, mv.version)
    except MalformedError as exc:
        raise UsageError(f"{path}: no plan: {exc}", hint=hint) from exc
    return plan


def approve(
    plan: PlanFile, site: Site, projects: Iterable[ConfiguredProject]
) -> ApprovedPlan:
    """Return the plan if nothing has changed since it was made.

    Raises:
        StalePlanError: if something has.
    """
    if plan.state != state_of(site, projects):
        raise StalePlanError(
            "the plan is stale: the configuration, a project, an upstream's offer or"
            " the store has changed since it was made",
            hint=advise("make a new one with {}", command("plan", "--out", "FILE")),
        )
    return ApprovedPlan(plan.versions)
