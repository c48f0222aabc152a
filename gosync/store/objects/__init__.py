"""Object storage: the objects of a bucket, and a store that is kept in one.

``Bucket`` is the contract, ``RemoteBucket`` its implementation by obstore: S3 and what
speaks its protocol, Google Cloud Storage and Azure. obstore, the extra ``gosync[s3]``,
is imported when a bucket is opened, and by ``remote`` alone.

    bucket       a bucket's objects by key, the contract
    location     s3://bucket/prefix, parsed (pure)
    options      how a bucket is reached: endpoint, region, time-outs (pure)
    opening      a bucket, opened by its location
    remote       the bucket by obstore
    failures     obstore's exceptions, made into ours
    sharedfile   credentials from the file that AWS's tools share
"""
