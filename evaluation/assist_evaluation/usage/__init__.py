"""What use came to: sums of ghost text, of answers and of what left, here and joined from exports.

It knows days, models and counts, the tables and the page that show them, and the collector that a team may
send them to. What is counted while someone works is in the server package (`records/usage_rows`).
"""
