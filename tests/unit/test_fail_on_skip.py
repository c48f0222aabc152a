"""The hook that makes a skip fail the run where nothing may be missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
SKIPS = {
    "call": 'import pytest\ndef test_x(): pytest.skip("no such tool")\n',
    "mark": 'import pytest\n@pytest.mark.skip("no such tool")\ndef test_x(): ...\n',
    "fixture": (
        "import pytest\n@pytest.fixture\ndef tool(): pytest.skip('no such tool')\n"
        "def test_x(tool): ...\n"
    ),
    "module": ("import pytest\npytest.skip('no such tool', allow_module_level=True)\n"),
}
_GO_ON = "--continue-on-collection-errors"
XFAIL = "import pytest\n@pytest.mark.xfail\ndef test_x(): raise AssertionError\n"
TESTS = {**SKIPS, "xfail": XFAIL}


# In a CI job pytest does not shorten its summary, which then says each reason again.
_CI = ("CI", "BUILD_NUMBER")


def run(folder: Path, fail_on_skip: str) -> tuple[int, str]:
    shutil.copy(CONFTEST, folder / "conftest.py")
    for name, text in TESTS.items():
        (folder / f"test_{name}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", _GO_ON],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name not in _CI},
            "PYTHONPATH": str(CONFTEST.parents[1]),
            "GOSYNC_TEST_FAIL_ON_SKIP": fail_on_skip,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_skip_fails_the_run_and_says_why(tmp_path: Path):
    code, output = run(tmp_path, fail_on_skip="1")
    assert code != 0
    assert "no such tool" in output
    for name in SKIPS:
        assert re.search(rf"^(FAILED|ERROR) test_{name}\.py", output, re.MULTILINE)
    assert output.count("(and GOSYNC_TEST_FAIL_ON_SKIP=1 is set)") == len(SKIPS)
    assert "XFAIL test_xfail.py" in output


def test_without_it_a_skip_is_a_skip(tmp_path: Path):
    code, output = run(tmp_path, fail_on_skip="")
    assert code == 0
    assert f"{len(SKIPS)} skipped, 1 xfailed" in output
