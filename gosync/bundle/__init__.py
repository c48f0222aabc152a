"""Bundles: what crosses the gap, small, signed and provable by the receiver alone."""
