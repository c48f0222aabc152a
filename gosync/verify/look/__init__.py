"""Look at a target: what is there, checked against what vouches for it.

    targets      the target: any folder of modules
    goproxy      a GOPROXY URL, looked at through a scratch folder
    gosum        go.sum and go.work.sum, line by line
    checks       one version's files against a proof source's answer
    extracted    the h1 of an extracted module folder
    compared     files of such a folder, compared with their zip's entries
    listing      list, @latest and the .info of revisions
    logfiles     lookups and tiles of the checksum database
    permissions  modes and owners that let the wrong ones read or write
    engine       one run: batches, threads, time limits
    due          which versions are due, in which order
    checkers     who checks: processes or threads here, or the workers of a sweep
    portions     what a worker elsewhere needs to check some versions
    memory       what earlier runs proved, so that a long one goes on

A target is read only: a run writes what it proved into the state folder, or into the
store's own catalog.
"""
