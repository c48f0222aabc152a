"""Documents of ``--json`` are their engines' values: the fields are the keys."""

from __future__ import annotations

import json

import msgspec
import pytest

from gosync.access.report import AccessReport, AlertReport
from gosync.access.requestreports import (
    AddedRequestsReport,
    ExportedRequestsReport,
    LogRequestsReport,
    RequestsReport,
)
from gosync.access.sealing import ProofReport, SealReport
from gosync.audit.report import AuditReport
from gosync.bundle.make.created import CreateAllReport, CreateReport
from gosync.bundle.make.ledger import LedgerReport
from gosync.bundle.read.documents import VerifiedBundle
from gosync.bundle.take.outcome import ImportedBundle
from gosync.catalog.findings import FindingsReport
from gosync.catalog.version_report import KnownVersion
from gosync.cli.beginning import InitReport
from gosync.cli.output import Output
from gosync.closure.report import ProjectsReport
from gosync.config.mistakes import ConfigReport
from gosync.config.origins import WhyReport
from gosync.daemon.once import OnceReport
from gosync.daemon.units import UnitsReport
from gosync.diagnose.doctor.report import DoctorReport
from gosync.diagnose.explaining import ExplainedRun, ExplainReport
from gosync.diagnose.pages import ClassList, ClassPage, WrittenPages
from gosync.ingest.rebuild import RebuildReport
from gosync.mirrors.goenv import RestoredSetting
from gosync.mirrors.measuring import MeasuredReport
from gosync.mirrors.picking import PickReport
from gosync.project.record import RecordReport
from gosync.publish.report import TreeReport
from gosync.serve.report import NewLoginReport, NewTokenReport, ServedTreeReport
from gosync.signing.report import KeyReport, NewKeyReport, SignedFileReport
from gosync.site.backup import BackupReport
from gosync.site.logkeys import NewLogKeyReport
from gosync.site.restoring import RestoredStore
from gosync.status.mirror import MirrorStatus
from gosync.status.report import StatusReport
from gosync.sync.adopt import AdoptReport
from gosync.sync.completeness import (
    Completeness,
    CompletenessReport,
    VersionCounts,
)
from gosync.sync.prune import PruneReport
from gosync.sync.report import SyncReport
from gosync.sync.withdrawing import WithdrawReport
from gosync.verify.report import VerifiedReport


def test_a_report_is_printed_with_its_fields_for_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = VersionCounts(present=3, zips=2, go_mods=1, failed=1)
    unread = (("/srv/app", "no go.mod"),)
    found = Completeness(versions=counts, unread_projects=unread).report()
    Output(as_json=True).result("selection", found)
    document = json.loads(capsys.readouterr().out)
    assert (document.pop("schema"), document.pop("type")) == (1, "selection")
    assert tuple(document) == CompletenessReport.__struct_fields__
    assert (document["selected"], document["missing_versions"]) == (4, 1)
    assert document["unread_projects"] == [
        {"project": "/srv/app", "reason": "no go.mod"}
    ]


class Renamed(msgspec.Struct, rename={"size_bytes": "bytes"}):
    size_bytes: int


def test_a_field_s_other_name_is_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).result("sizes", Renamed(3))
    document = json.loads(capsys.readouterr().out)
    assert document == {"schema": 1, "type": "sizes", "bytes": 3}


REPORTS = [
    *(AuditReport, CompletenessReport, SyncReport, StatusReport, MirrorStatus),
    *(OnceReport, KnownVersion, TreeReport, PruneReport, WithdrawReport, BackupReport),
    *(RestoredStore,),
    *(ConfigReport, WhyReport, ProjectsReport, VerifiedReport, VerifiedBundle),
    *(CreateReport, CreateAllReport, ImportedBundle, LedgerReport, DoctorReport),
    *(AccessReport, AlertReport, RequestsReport, LogRequestsReport),
    *(ExportedRequestsReport, AddedRequestsReport, RecordReport),
    *(ExplainReport, ExplainedRun, ClassPage, ClassList, WrittenPages),
    *(NewKeyReport, KeyReport, SignedFileReport, NewLogKeyReport, FindingsReport),
    *(ServedTreeReport, NewLoginReport, NewTokenReport, SealReport, ProofReport),
    *(UnitsReport, AdoptReport, RebuildReport, RestoredSetting, MeasuredReport),
    *(PickReport, InitReport),
]


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_has_a_json_schema(report: type[msgspec.Struct]) -> None:
    schema = msgspec.json.schema(report)
    described = schema["$defs"][report.__name__]["properties"]
    assert list(described) == list(report.__struct_encode_fields__)
