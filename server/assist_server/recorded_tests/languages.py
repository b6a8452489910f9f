"""The languages whose calls can be run, by name."""

from assist_server.recorded_tests.language import LanguageRecorder
from assist_server.recorded_tests.python.language import PYTHON

_RECORDERS = {"python": PYTHON}


def recorder_of(language: str) -> LanguageRecorder | None:
    """What a language brings; None if its calls are not run."""
    return _RECORDERS.get(language)
