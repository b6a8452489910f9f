"""The languages whose calls can be run, by name."""

from assist_runner.characterization_tests.language import LanguageRecorder
from assist_runner.characterization_tests.python.language import PYTHON
from assist_runner.characterization_tests.rust.language import RUST
from assist_runner.characterization_tests.typescript.language import SCRIPTS

_RECORDERS = {
    "python": PYTHON,
    "javascript": SCRIPTS,
    "typescript": SCRIPTS,
    "tsx": SCRIPTS,
    "rust": RUST,
}


def recorder_of(language: str) -> LanguageRecorder | None:
    """What a language brings; None if its calls are not run."""
    return _RECORDERS.get(language)
