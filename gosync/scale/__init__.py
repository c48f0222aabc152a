"""Sweeps on Dask: the workers of a scheduler, or some of this machine's own.

    options  which scheduler, and what opens it
    sweep    the scheduler asked: steps begun, results, who is gone
    cluster  workers of this machine, on loopback
    remote   what runs on a worker
    preload  how a worker of this machine is set up

Heavy: imported by a verb that was given --scheduler, ``options`` aside. The step itself
is the same function as without Dask, and so are its results (gosync.work.sweep).

Dask sends functions and values as pickles, so that whoever can talk to the scheduler
can run anything as the user that its workers are. Its network must be trusted, or it
speaks TLS with certificates for both sides; workers of this machine do, with keys that
exist in memory alone.
"""
