"""What `assist doctor` finds: what is installed, what is wrong, and the remedy.

This wing looks and reports. It changes nothing.
"""
