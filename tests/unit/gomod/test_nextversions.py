"""Which releases may come after those that are known."""

from __future__ import annotations

import pytest

from gosync.gomod.nextversions import next_versions


@pytest.mark.parametrize(
    ("path", "known", "ahead"),
    [
        ("m.example", [], ["v0.1.0", "v1.0.0"]),
        ("m.example/v3", [], ["v3.0.0"]),
        (
            "m.example",
            ["v0.9.9"],
            ["v0.9.10", "v0.9.11", "v0.10.0", "v0.11.0", "v1.0.0"],
        ),
        ("m.example", ["v1.2.3", "v1.2.2"], ["v1.2.4", "v1.2.5", "v1.3.0", "v1.4.0"]),
        ("m.example/v2", ["v2.0.0"], ["v2.0.1", "v2.0.2", "v2.1.0", "v2.2.0"]),
        ("m.example", ["v1.0.0-rc.1", "x"], ["v0.1.0", "v1.0.0"]),
    ],
)
def test_the_next_releases_follow_the_scheme(path, known, ahead) -> None:
    assert list(next_versions(path, known)) == ahead
