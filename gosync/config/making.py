"""From a file's sections to the checked configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from gosync.bundle.options import InsideSpec, TargetSpec
from gosync.config.access import make_access, make_requests
from gosync.config.admit import make_scanners
from gosync.config.bundles import is_inside, make_inside, make_targets
from gosync.config.config import Config
from gosync.config.daemon import make_hooks, make_jobs
from gosync.config.houselog import make_house_log
from gosync.config.mistakes import Key, Mistakes
from gosync.config.oldheads import make_old_heads
from gosync.config.pages import make_pages
from gosync.config.places import ConfigPaths
from gosync.config.policy import make_rules
from gosync.config.scaling import make_sweep_tls
from gosync.config.schema import (
    FileSchema,
    ProjectSection,
    S3Section,
)
from gosync.config.selects import make_policy
from gosync.config.serving import make_serve
from gosync.config.sizes import parse_size
from gosync.config.toolchains import make_toolchains
from gosync.config.upstreams import make_upstreams, masked_sections
from gosync.config.vulndb import let_source_in, make_source, source_selectors
from gosync.errors import ConfigError
from gosync.site.options import ProjectSpec, ToolchainSpec
from gosync.site.policy import Selector
from gosync.store.objects.location import BucketLocation, is_location
from gosync.store.objects.options import BucketOptions


def make_config(
    sections: FileSchema, places: ConfigPaths, file: Path | None, mistakes: Mistakes
) -> Config:
    """Return a configuration; what is wrong is noted and has its default."""
    upstream, serve, daemon = sections.upstream, sections.serve, sections.daemon
    source = sections.vulndb.source
    upstreams = make_upstreams(sections, mistakes)
    path, optional = places.path, places.optional
    size = partial(_size, mistakes)
    size(("audit", "bytes_per_hour"), sections.audit.bytes_per_hour)
    for name in ("max_rate", "monthly_volume"):
        size(("upstream", name), getattr(upstream, name) or "0")
    targets = make_targets(sections.target, places, mistakes)
    inside = make_inside(sections.bundle, places, mistakes)
    return Config(
        file=file,
        sections=masked_sections(sections, upstreams),
        upstreams=upstreams,
        store_path=_folder(sections, places),
        store_bucket=_bucket(sections, places),
        min_free_bytes=size(("store", "min_free"), sections.store.min_free),
        confirm_above_bytes=size(
            ("plan", "confirm_above"), sections.plan.confirm_above
        ),
        tree_path=places.place(("publish", "tree"), sections.publish.tree),
        buckets=_buckets(sections.s3, places),
        attest_keys=tuple(
            path(("publish", "attest"), each) for each in sections.publish.attest
        ),
        policy=make_policy(sections, places, mistakes, _implied(sections, inside)),
        rules=let_source_in(make_rules(sections.policy, places, mistakes), source),
        projects=_projects(sections.project, places, mistakes),
        recorded=_recorded(sections.project, places),
        toolchains=_toolchains(sections, mistakes),
        serve=make_serve(serve, places, mistakes, contact=sections.publish.contact),
        access=make_access(
            sections.access, places, mistakes, anonymous=serve.anonymous
        ),
        requests=make_requests(sections.requests, places),
        jobs=make_jobs(daemon, mistakes, unset=_unset(targets, inside)),
        hooks=make_hooks(sections.hooks, mistakes),
        old_heads=make_old_heads(
            sections.publish, places, mistakes, has_index=bool(upstream.index)
        ),
        scanners=make_scanners(sections.admit, mistakes),
        house_log=make_house_log(
            sections.house_log, places, mistakes, database=upstreams.database
        ),
        page_options=make_pages(sections.publish, mistakes),
        vulndb=make_source(source, places),
        ca_path=optional(("upstream", "ca_file"), upstream.ca_file),
        client_cert_path=optional(("upstream", "client_cert"), upstream.client_cert),
        client_key_path=optional(("upstream", "client_key"), upstream.client_key),
        metrics_path=optional(("daemon", "metrics_file"), daemon.metrics_file),
        sweep_tls=make_sweep_tls(sections.scale, places, mistakes),
        targets=targets,
        inside=inside,
    )


def _implied(sections: FileSchema, inside: InsideSpec) -> tuple[Selector, ...]:
    """Return what is selected beside the selects; nothing where bundles bring all."""
    if is_inside(sections, inside):
        return ()
    return tuple(source_selectors(sections.vulndb.source))


def _folder(sections: FileSchema, places: ConfigPaths) -> Path:
    """Return the folder of the store, or of what of it is not in its bucket."""
    key = "local" if is_location(sections.store.path) else "path"
    return places.path(("store", key), getattr(sections.store, key))


def _bucket(sections: FileSchema, places: ConfigPaths) -> BucketLocation | None:
    text = sections.store.path
    place = places.place(("store", "path"), text) if is_location(text) else None
    return place if isinstance(place, BucketLocation) else None


def _buckets(section: S3Section, places: ConfigPaths) -> BucketOptions:
    ca_path = places.optional(("s3", "ca_file"), section.ca_file)
    return BucketOptions(
        endpoint=section.endpoint,
        region=section.region,
        path_style=section.path_style,
        ca_path="" if ca_path is None else str(ca_path),
    )


def _unset(targets: Mapping[str, TargetSpec], inside: InsideSpec) -> frozenset[str]:
    """Return the jobs that have no folder to work with."""
    has_outbox = any(each.outbox for each in targets.values())
    jobs = {"bundle": has_outbox, "import": inside.inbox is not None}
    return frozenset(name for name, is_set in jobs.items() if not is_set)


def _size(mistakes: Mistakes, key: Key, text: str) -> int:
    return mistakes.attempt(key, lambda: parse_size(text), 0)


def _toolchains(sections: FileSchema, mistakes: Mistakes) -> ToolchainSpec:
    has_tools = any(each.tools for each in sections.select)
    make = partial(make_toolchains, sections.toolchains, has_tools=has_tools)
    return mistakes.attempt(("toolchains",), make, ToolchainSpec())


def _recorded(
    sections: Sequence[ProjectSection], places: ConfigPaths
) -> tuple[Path, ...]:
    return tuple(
        places.path(("project", number, "record"), each.record)
        for number, each in enumerate(sections, start=1)
        if each.record
    )


def _projects(
    sections: Sequence[ProjectSection], places: ConfigPaths, mistakes: Mistakes
) -> tuple[ProjectSpec, ...]:
    specs: dict[Path, ProjectSpec] = {}
    for number, section in enumerate(sections, start=1):
        key = ("project", number, "path")
        if bool(section.path) == bool(section.record):
            error = ConfigError(
                "needs either path or record",
                hint="path names a folder, record a NAME.record.toml",
            )
            mistakes.add(("project", number), error)
        if not section.path:
            continue
        path = places.path(key, section.path)
        if path in specs:
            error = ConfigError(
                f"project {section.path!r} is named twice",
                hint="keep one [[project]] of it, with the wider deps",
            )
            mistakes.add(key, error)
        specs[path] = ProjectSpec(path, section.deps)
    return tuple(specs.values())
