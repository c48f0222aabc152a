"""The daemon: `gosync run` keeps a mirror fresh for years with nobody looking.

    daemon      the loop: what may run side by side, signals, reload, what stops it
    once        the same runs without the loop, for timers
    timetable   when each job is due
    jobs        what each job does: a name and an async function
    bundlejobs  bundles made into outboxes, and taken in from an inbox
    outcome     what a job works with, and how it ended
    runner      one run: its leases, its row, whom to tell
    attempt     the call itself: time limit, stop, errors made outcomes
    endings     alerts of exceptions to the policy that end within a week
    volumealerts  those of a monthly volume that is nearly spent, and spent
    hooks       whom to tell: webhooks, and commands, which command contains
    publishes   which URLs of the tree changed, told to hooks in batches
    notify      sd_notify's protocol
    units       the systemd units, for other paths
    command     running somebody's command so that it cannot harm us
    news        whether a run found anything wrong that the job's last run had not found
    watchdog    whether a job still makes progress: what the watchdog is fed with

What a run did is told in the tree (``status.json``), in a file for Prometheus, in
the log and by hooks; gosync.status makes the first two.
"""
