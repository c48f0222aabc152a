"""Schema of gosync.toml: one class a section, one attribute a key.

``schema/config.schema.json`` is generated from these classes, and a test holds
the two together. Unknown keys are errors; ``load`` suggests the nearest one. An array
is a tuple here, so that nothing of a configuration changes once it is read.

    access    ``[access]``, ``[requests]``: access logs, and what they ask for
    admit     ``[[admit]]``: scanners that new versions are shown to
    bundle    ``[[target]]``, ``[bundle]``
    daemon    ``[daemon]``, ``[hooks]``: the daemon, and whom it tells
    file      the whole gosync.toml
    policy    ``[policy]``: what may come in
    private   ``[[private]]``, ``[house_log]``: modules of the site's own
    publish   ``[store]``, ``[publish]``, ``[s3]``, ``[vulndb]``: where all lies
    scale     ``[scale]``: schedulers of sweeps
    section   base of all sections, and the bounds of numbers in them
    select    ``[[select]]``, ``[[project]]`` and others: what is carried, how long
    serve     section of the server: ``[serve]``
    upstream  sections of where modules come from: ``[upstream]`` and ``[audit]``
"""

from __future__ import annotations

from gosync.config.schema.access import (
    AccessRuleSection,
    AccessSection,
    RequestsSection,
)
from gosync.config.schema.admit import AdmitSection
from gosync.config.schema.bundle import BundleSection, TargetSection
from gosync.config.schema.daemon import (
    DaemonSection,
    HooksSection,
    JobSection,
    JobsSection,
)
from gosync.config.schema.file import SCHEMA_ID, FileSchema
from gosync.config.schema.policy import (
    LicencesSection,
    PolicyExceptionSection,
    PolicySection,
    RequireSignatureSection,
    VulnerabilitiesSection,
)
from gosync.config.schema.private import HouseLogSection, PrivateSection
from gosync.config.schema.publish import (
    PublishSection,
    S3Section,
    StoreSection,
    VulndbSection,
)
from gosync.config.schema.scale import ScaleSection
from gosync.config.schema.section import DAY_SECONDS, Section
from gosync.config.schema.select import (
    PlanSection,
    ProjectSection,
    PruneSection,
    SelectSection,
    ToolchainsSection,
)
from gosync.config.schema.serve import (
    ReadRuleSection,
    ServeSection,
    UploadRuleSection,
)
from gosync.config.schema.upstream import AuditSection, UpstreamSection, WindowSection

__all__ = [
    "DAY_SECONDS",
    "SCHEMA_ID",
    "AccessRuleSection",
    "AccessSection",
    "AdmitSection",
    "AuditSection",
    "BundleSection",
    "DaemonSection",
    "FileSchema",
    "HooksSection",
    "HouseLogSection",
    "JobSection",
    "JobsSection",
    "LicencesSection",
    "PlanSection",
    "PolicyExceptionSection",
    "PolicySection",
    "PrivateSection",
    "ProjectSection",
    "PruneSection",
    "PublishSection",
    "ReadRuleSection",
    "RequestsSection",
    "RequireSignatureSection",
    "S3Section",
    "ScaleSection",
    "Section",
    "SelectSection",
    "ServeSection",
    "StoreSection",
    "TargetSection",
    "ToolchainsSection",
    "UploadRuleSection",
    "UpstreamSection",
    "VulndbSection",
    "VulnerabilitiesSection",
    "WindowSection",
]
