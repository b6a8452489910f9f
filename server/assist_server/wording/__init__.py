"""Values as words for people: amounts, permissions, records, models, answers.

This wing formats. It reads no file and decides nothing.
"""
