"""The gate for ghost text: a prompt at each pause in typing, judged and redacted like a question's.

What differs is the pace: redaction scans only what changed, and the log gets a pair of events for a window of
requests in place of one for each. This wing does not know what the editor shows.
"""
