"""Sums of use: of ghost text, of answers and of what left the machine, here and joined from exports.

This wing knows days, models and counts. It knows no word for people and no page.
"""
