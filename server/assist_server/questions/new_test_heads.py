"""How new tests begin: the import of what is tested, or the head of a module of tests.

A small model is given this as the beginning of its answer, and all models are told it: they guess imports
worse than paths say them.
"""

import os
import re
from pathlib import PurePosixPath

from assist_server.questions.new_test_places import PlaceForTests
from assist_server.questions.targets import QuestionTarget

_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
_RELATIVE = re.compile(r"""from\s+["']\.{1,2}/[^"']*?(\.[cm]?[jt]s)["']""")


def head_of(target: QuestionTarget, place: PlaceForTests, shown: str) -> str:
    """The first lines of the tests, "" where neither paths nor code say them. `shown` is code of other tests.

    A name that a script does not export is not imported: then the model has to find a way.
    """
    if place.module:
        return f"#[cfg(test)]\nmod {place.module} {{\n    use super::*;\n"
    language = target.document.language.name
    if language == "python":
        return _python_import(target)
    return _script_import(target, place, shown) if language in _SCRIPTS else ""


def _python_import(target: QuestionTarget) -> str:
    path = target.lines.path
    module = path.removesuffix(".py").removeprefix("src/").removesuffix("/__init__").replace("/", ".")
    name = target.name.partition(".")[0]
    if not path.endswith(".py"):
        return ""
    return f"from {module} import {name}\n" if name else f"import {module}\n"


def _script_import(target: QuestionTarget, place: PlaceForTests, shown: str) -> str:
    """An import in the manner of the relative imports that the file and the other tests have."""
    source = PurePosixPath(target.lines.path)
    name = target.name.partition(".")[0]
    text = target.document.text
    named = re.search(
        rf"^export\s+(?:default\s+)?(?:async\s+|abstract\s+)*[\w*]+\s+{re.escape(name)}\b", text, re.M
    )
    listed = re.search(rf"^export\s*{{[^}}]*\b{re.escape(name)}\b[^}}]*}}", text, re.M)
    if not name or not (named or listed):
        return ""
    ends = _RELATIVE.findall(shown + text)
    stem = os.path.relpath(source.with_suffix(""), PurePosixPath(place.path).parent or ".")
    path = (stem if stem.startswith(".") else f"./{stem}") + (ends[0] if ends else "")
    what = name if named and " default " in named[0] else f"{{ {name} }}"
    return f'import {what} from "{path}";\n'
