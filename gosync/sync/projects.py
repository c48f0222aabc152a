"""Configured projects: their files as they were read, and what comes with them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.gomod.deps import Deps
from gosync.project import Project, read_project
from gosync.site.options import ProjectSpec


class ConfiguredProject(msgspec.Struct, frozen=True):
    """A project that was read.

    Attributes:
        name: What the configuration calls it.
        project: The project.
        deps: Which dependencies come along.
    """

    name: str
    project: Project
    deps: Deps


def read_projects(specs: Iterable[ProjectSpec]) -> tuple[ConfiguredProject, ...]:
    """Read every project, before anything is changed.

    Raises:
        ConfigError: if one is not there, or does not parse.
    """
    return tuple(
        ConfiguredProject(str(spec.path), read_project(spec.path), spec.deps)
        for spec in specs
    )
