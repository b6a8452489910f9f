"""Why a request for ghost text ended without one, in words.

It knows the reasons, and what to do about them. It knows no editor, no model and no counts.
"""
