"""The mirror as a server: `gosync serve` hands out a published tree over HTTP.

    server       the processes: workers that are started, watched and stopped
    app          what every worker does: one request in, one answer out
    asked        what a path asks for, and which headers its answer has (pure)
    conditions   If-None-Match and Range (pure)
    files        files of the tree as answers, small ones from memory
    merged       lists, ``@latest`` and branches that are merged with an upstream's
    answer       answers as values, and how they are sent
    notcarried   the text of a 404: what is carried instead, whom to ask (pure)
    origin       who brings what a tree lacks, and what became of it
    logins       names with hashed passwords and tokens
    rights       who may read what (pure)
    clients      addresses of clients, and how often they may ask
    notes        what the access log and the figures are told of a request
    accesslog    one line for each request: the format, and the file it goes to
    figures      what Prometheus is told, over all processes
    health       whether the server can do its work

Workers answer from the published tree, which they only read.
"""
