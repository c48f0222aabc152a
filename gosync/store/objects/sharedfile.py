"""Credentials from the file that AWS's tools share.

    [default]
    aws_access_key_id = ...
    aws_secret_access_key = ...
    aws_session_token = ...          where they are temporary

``AWS_SHARED_CREDENTIALS_FILE`` names another file than ``~/.aws/credentials``,
``AWS_PROFILE`` another section than ``default``. The file is read again every few
minutes, since what renews temporary credentials writes it anew.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gosync.clock import SystemClock
from gosync.errors import BucketDeniedError

if TYPE_CHECKING:  # the extra may be missing where this is imported
    from obstore.store import S3Credential

_AGAIN_AFTER = timedelta(minutes=5)
# With one of these set, the library's own way comes first, as in AWS's tools.
_SOONER = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)


class SharedCredentials:
    """The credentials of one profile, read when they are asked for."""

    def __init__(self, path: Path, profile: str) -> None:
        self._path = path
        self._profile = profile

    def __call__(self) -> S3Credential:
        """Return the credentials.

        Raises:
            BucketDeniedError: the file does not have them.
        """
        file = configparser.ConfigParser(interpolation=None)
        try:
            file.read_string(self._path.read_text("utf-8"))
            section = file[self._profile]
            return {
                "access_key_id": section["aws_access_key_id"],
                "secret_access_key": section["aws_secret_access_key"],
                "token": section.get("aws_session_token"),
                "expires_at": SystemClock().now().astimezone(UTC) + _AGAIN_AFTER,
            }
        except (OSError, ValueError, KeyError, configparser.Error):
            raise BucketDeniedError(
                f"{self._path}: no credentials of the profile {self._profile}",
                hint="correct AWS_PROFILE or the file",
            ) from None  # what is wrong in it would quote a secret


def shared_credentials(environ: Mapping[str, str]) -> SharedCredentials | None:
    """Return the credentials of the shared file; None where others come first.

    Args:
        environ: The environment.
    """
    if any(environ.get(name) for name in _SOONER):
        return None
    home = Path(environ.get("HOME") or "/")
    named = environ.get("AWS_SHARED_CREDENTIALS_FILE")
    path = Path(named) if named else home / ".aws/credentials"
    if not named and not path.is_file():
        return None
    return SharedCredentials(path, environ.get("AWS_PROFILE") or "default")
