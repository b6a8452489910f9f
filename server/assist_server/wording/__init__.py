"""Values as words for people and as JSON: requests, answers, facts, records, permissions, amounts.

This wing formats. It reads no file and decides nothing.
"""
