"""A bucket, opened by its location; obstore is imported here for the first time.

Credentials are taken from the first place that has some:

    s3   AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN); a web identity
         (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN) or a container's (ECS, EKS); the
         profile AWS_PROFILE of ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE); the
         role of the instance
    gs   GOOGLE_SERVICE_ACCOUNT or GOOGLE_APPLICATION_CREDENTIALS, files; the instance's
    az   AZURE_STORAGE_ACCOUNT_NAME with a key, a token file or a managed identity

To open a bucket sends nothing: the first request tells whether it is there.
"""

from __future__ import annotations

import importlib.util

from gosync.errors import UsageError
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.location import BucketLocation
from gosync.store.objects.options import BucketOptions


def open_bucket(location: BucketLocation, options: BucketOptions) -> Bucket:
    """Open a bucket.

    Raises:
        UsageError: obstore is not installed, or refuses what is configured.
        StoreError: a file of certificates or credentials cannot be read.
    """
    if importlib.util.find_spec("obstore") is None:
        raise UsageError(
            f"{location}: buckets need obstore, which is not installed",
            hint="install it with pip install 'gosync[s3]'",
        )
    from gosync.store.objects.remote import RemoteBucket  # noqa: PLC0415 # an extra

    return RemoteBucket(location, options)
