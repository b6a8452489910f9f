"""What use came to: sums of ghost text, of answers and of what left, here and joined from exports.

It knows days, models and counts, the tables and the page that show them, and the collector that a team may
send them to. `usage_rows` is the file of what is counted while someone works, which `feedback` does.
"""
