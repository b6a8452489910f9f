"""What becomes of ghost text: shown, accepted, and still there later. Counted; no text is ever written.

This wing knows documents and their changes. It does not know how a text was made or when the editor saves.
"""
