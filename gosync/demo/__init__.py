"""The sample upstream that `gosync demo` mirrors: index, proxy, signed log.

    modules    text sources in samples/modules become zips, go.mods and .infos
    log        a checksum database that really signs, of any size
    database   what its HTTP endpoints answer
    feed       the module index
    upstream   SampleUpstream: one request in, one answer out
    http       an HTTP/1.1 server on loopback around it
    crossing   the demo's second site, which has no network
    exchange   one HTTP exchange: the request as read, the answer as it is to be sent
    objectserver  an object store on loopback, SeaweedFS
    inbuckets  the demo's store and tree in such a one
    samples    the files in samples/, from the wheel or from a checkout
    story      what `gosync demo` does, step by step
    treecheck  the published tree checked by gosync's own client, from its files alone

Nothing here takes part in mirroring. The tests' simulator (tests/simulator) is
this upstream with faults added.
"""
