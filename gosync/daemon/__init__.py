"""The daemon: `gosync run` keeps a mirror fresh for years with nobody looking.

    daemon      the loop: one job at a time, signals, reload, what stops it
    timetable   when each job is due (pure)
    jobs        what each job does: a name and an async function
    runner      one run: lock, time limit, its row, whom to tell
    pulse       whether a job still moves: what the watchdog is fed with
    hooks       whom to tell: commands and webhooks, contained
    notify      sd_notify's protocol

What a run did is told in the tree (``status.json``), in a file for Prometheus, in
the log and by hooks; gosync.status makes the first two.
"""
