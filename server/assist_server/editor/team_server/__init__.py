"""Ghost text from a team's server: the engine's port on one side, the gate on the other.

This wing translates between completion and escalation, which do not know each other, and decides nothing.
"""
