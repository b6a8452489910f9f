"""The audit log: every request is on the disk before it is sent, in a chain that shows later changes.

This wing writes, reads, verifies and exports events. It does not decide what happens.
"""
