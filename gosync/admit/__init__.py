"""Scanners that new versions are shown to before they are committed.

asking      one scanner asked about one zip: a command, or a service over HTTP
verdict     what a scanner says, and how it is configured (pure)
"""
