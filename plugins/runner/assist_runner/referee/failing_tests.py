"""The code of a test by the name that its runner gives it, to show a model what fails."""

from pathlib import Path, PurePosixPath

from assist_context.code.symbols import symbols
from assist_context.languages import language_of
from assist_context.regular_files import read_regular

LONGEST = 30  # lines of a test: more of them leave no room for the code


def failing_test(root: Path, name: str) -> str:
    """The lines of a test of pytest, from its name with its file; "" where that is not known.

    Decorators are left out.
    """
    path, *names = name.split("[", 1)[0].split("::")
    file = PurePosixPath(path)
    if not names or file.is_absolute() or ".." in file.parts:
        return ""
    try:
        text = read_regular(root / path).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    qualified = ".".join(names)
    for site in symbols(language_of(path), text).definitions:
        if site.qualified == qualified:
            last = min(site.end_line, site.start_line + LONGEST - 1)
            return "\n".join(text.splitlines()[site.start_line - 1 : last])
    return ""
