"""What people learn about an answer next to its text: what it was made from, and how long it takes.

These are values and how they are made. This wing asks no model, and knows no terminal and no protocol.
"""
