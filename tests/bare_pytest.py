"""The settings of pytest for the projects that tests make: none of the plugins of this one.

Those projects run in our own environment, and its plugins cost 0.55 s of the 0.77 s of CPU of a small run
(a file with one test). A test of running starts pytest three to twelve times.
"""

from importlib.metadata import entry_points

BARE_OPTIONS = " ".join(
    f"-p no:{name}" for name in sorted({entry.name for entry in entry_points(group="pytest11")})
)
"""The options that load none of them."""
BARE_PYTEST = f"[pytest]\npythonpath = .\naddopts = {BARE_OPTIONS}"
"""The text of a `pytest.ini`; more options can follow it in the same line."""
