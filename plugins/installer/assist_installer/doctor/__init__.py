"""What `assist doctor` reports: what is installed, what is wrong, and the remedies.

This wing examines and reports. It changes nothing.
"""
