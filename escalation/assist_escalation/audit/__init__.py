"""The audit log: what left the machine, on the disk before it leaves, in a chain that shows changes.

This wing writes, reads, verifies and exports events. It does not decide about them.
"""
