"""Settings that contradict each other, or do not mean what they seem to."""

from __future__ import annotations

import pytest

from gosync.diagnose.doctor.contradictions import contradictions
from gosync.diagnose.doctor.diagnosis import Severity
from gosync.diagnose.doctor.gosettings import make_settings

_MIRROR = {"GOPROXY": "https://goproxy.corp.example"}


def _found(severity: Severity, **environment: str) -> list[tuple[str, str]]:
    user = {
        key.removeprefix("w_"): value
        for key, value in environment.items()
        if key.startswith("w_")
    }
    process = {key: value for key, value in environment.items() if key[:2] != "w_"}
    settings = make_settings({**_MIRROR, **process}, user, {})
    return [
        (each.cause, each.text)
        for each in contradictions(settings)
        if each.severity is severity
    ]


@pytest.mark.parametrize(
    ("environment", "cause", "text"),
    [
        ({"GOPRIVATE": "https://corp.example"}, "env.private_pattern", "scheme"),
        ({"GOPRIVATE": "corp.example:8443"}, "env.private_pattern", "port"),
        ({"GOPRIVATE": "a.example, b.example"}, "env.private_pattern", "blank"),
        ({"GOPRIVATE": ".corp.example"}, "env.private_pattern", "dot"),
        ({"GOPRIVATE": "corp.example/**"}, "env.private_pattern", "**"),
        ({"GOPRIVATE": "corp.example/..."}, "env.private_pattern", "..."),
        ({"GONOSUMDB": "*"}, "env.private_pattern", "everything"),
        ({"GOPRIVATE": "github.com"}, "env.private_pattern", "all of github.com"),
        ({"GOFLAGS": "-mod=mod"}, "env.goflags", "-mod=mod"),
        ({"GOFLAGS": "-mod=vendor"}, "env.goflags", "vendor/"),
        (
            {"GOPROXY": "direct,https://a.example"},
            "env.goproxy_order",
            "before its end",
        ),
        ({"GOPROXY": "off,https://a.example"}, "env.goproxy_order", "before its end"),
        ({"GOPROXY": "https://a.example;direct"}, "env.goproxy_scheme", "semicolon"),
        ({"GOPROXY": "https://a.example direct"}, "env.goproxy_scheme", "blank"),
        ({"GOPROXY": "https://a.example."}, "env.goproxy_scheme", "dot"),
        (
            {"GOPROXY": "https://u:s3cret@a.example"},
            "env.goproxy_credentials",
            "password",
        ),
        ({"HTTPS_PROXY": "htp://a.example"}, "proxy.scheme", "'htp'"),
        ({"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}, "env.layering", "git"),
        ({"w_GOPROXY": "https://b.example"}, "env.layering", "no effect"),
        ({"GONOSUMCHECK": "1"}, "env.folklore", "GONOSUMCHECK"),
        ({"GODEBUG": "goproxylookup=1"}, "env.folklore", "goproxylookup"),
    ],
)
def test_what_does_not_mean_what_it_seems_to_is_a_warning(environment, cause, text):
    found = _found(Severity.WARNING, **environment)
    assert cause in [each[0] for each in found]
    assert text in " ".join(each[1] for each in found)
    assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    ("environment", "cause"),
    [
        ({"GOFLAGS": "-insecure"}, "env.goflags"),
        ({"GOFLAGS": "mod=mod"}, "env.goflags"),
        ({"GOFLAGS": "-mod=all"}, "env.goflags"),
        ({"GOFLAGS": "'-x"}, "env.goflags"),
        ({"GO111MODULE": "off"}, "env.goflags"),
        ({"GOPROXY": "off"}, "env.goproxy_off"),
        ({"GOPROXY": "file://srv"}, "env.goproxy_file"),
        ({"GOSUMDB": "sum.corp.example"}, "env.gosumdb"),
    ],
)
def test_what_makes_go_fail_is_a_fault(environment, cause):
    assert [each[0] for each in _found(Severity.FAULT, **environment)] == [cause]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"GOPROXY": "https://a.example,https://b.example|direct"},
        {"GOPROXY": "https://a.example, direct"},
        {"GOPROXY": "http://127.0.0.1:8080", "GOSUMDB": "off"},
        {"GOPRIVATE": "corp.example,*.corp.example,github.com/corp/*"},
        {"GOFLAGS": "-modcacherw -tags=integration '-ldflags=-s -w' --trimpath"},
        {"HTTPS_PROXY": "web.corp.example:3128", "NO_PROXY": "corp.example"},
        {"GOINSECURE": "corp.example"},
    ],
)
def test_what_is_usual_has_no_finding(environment):
    assert _found(Severity.FAULT, **environment) == []
    assert _found(Severity.WARNING, **environment) == []
