"""The mirror as a server: `gosync serve` hands out a published tree over HTTP.

    accesslog   one line for each request: the format, and the file it goes to

Workers answer from the published tree, which they only read.
"""
