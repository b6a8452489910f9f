"""Counts of use as tables, sentences and a page.

This wing formats. It reads no record and counts nothing.
"""
