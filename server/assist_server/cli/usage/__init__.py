"""The commands on use: `stats`, its export, and `report`.

This wing parses arguments and writes files. What is counted and how it is worded is in other wings.
"""
