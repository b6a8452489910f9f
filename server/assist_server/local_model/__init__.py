"""Models that run in this process: chosen, set up and opened as the configuration says.

This wing composes `assist_completion`. It answers no question itself.
"""
