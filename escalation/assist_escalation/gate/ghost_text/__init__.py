"""The gate for ghost text: a prompt at each pause in typing, judged and redacted like a question's.

It is a wing of its own because its pace is its own: redaction scans only what changed, and the log gets a
pair of events for a window of requests in place of one for each. It does not know what the editor shows.
"""
