"""Disguises and truth for `benchmarks/attribution.py`, a folder because no other benchmark shares them.

It does not use the fingerprints that it measures.
"""
