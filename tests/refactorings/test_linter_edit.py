"""Wishes that a linter or an editor carries out: what ruff makes of a text, and what is said without it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from assist_context.code.symbols import symbols
from assist_context.documents import Document, split_lines
from assist_context.evidence.call_graph import TargetLines
from assist_context.index.reader import IndexReader
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_refactorings.code_texts import WishedCode
from assist_refactorings.linter_edit import linter_edit
from assist_refactorings.reading import LinterWish
from assist_refactorings.strategy import ruff_for
from assist_server.questions.computed_edits import RefactoringEdit, RefactoringProblem

IMPORTS = "import sys\nimport os\nimport json  # noqa: F401\nimport abc\n\nprint(os, sys)\n"
TEXTS = 'def f(x, y):\n    é = "é"; return "{} of {}".format(x, y)\n\n\ndef g(x):\n    return "{}".format(x) + "%s" % x\n'


def made(
    root: Path,
    what: str,
    text: str,
    name: str = "a.py",
    lines: tuple[int, int] = (1, 99),
    found: bool = True,
) -> RefactoringEdit | RefactoringProblem | None:
    root.mkdir(exist_ok=True)
    code = WishedCode(TargetLines(name, *lines), "f" if lines != (1, 99) else "")
    corpus = Corpus(str(root), IndexReader(f"{root}.sqlite"))
    document = Document(name, split_lines(text), language_of(name))
    corpus.set_open({name: OpenFile(document, symbols(document.language, text))})
    return linter_edit(LinterWish(what), corpus, code, ruff_for(str(root / name), ()) if found else None)


@pytest.mark.parametrize(
    ("what", "after"),
    [
        ("unused", "import sys\nimport os\nimport json  # noqa: F401\n\nprint(os, sys)\n"),
        ("sorted", "import abc\nimport json  # noqa: F401\nimport os\nimport sys\n\nprint(os, sys)\n"),
        ("organized", "import json  # noqa: F401\nimport os\nimport sys\n\nprint(os, sys)\n"),
    ],
)
def test_imports_are_as_ruff_would_have_them(tmp_path: Path, what: str, after: str) -> None:
    edit = made(tmp_path / "w", what, IMPORTS)
    assert isinstance(edit, RefactoringEdit)
    assert edit.texts == {"a.py": after}
    assert edit.reading.endswith(" imports of a.py, by ruff")
    assert edit.left == ()


def test_f_strings_come_in_the_code_in_question_alone_where_that_is_safe(tmp_path: Path) -> None:
    edit = made(tmp_path / "w", "f_strings", TEXTS, lines=(1, 2))
    assert isinstance(edit, RefactoringEdit)
    assert edit.texts == {"a.py": TEXTS.replace('"{} of {}".format(x, y)', 'f"{x} of {y}"')}
    edit = made(tmp_path / "v", "f_strings", TEXTS)
    assert isinstance(edit, RefactoringEdit)
    assert edit.texts["a.py"].endswith('    return f"{x}" + "%s" % x\n')
    assert edit.left == ("1 place for which ruff has no safe fix stay unchanged: a.py:6",)


def test_the_settings_of_the_team_count_and_nothing_is_written(tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    settings = (
        '[lint]\nselect = ["E"]\nunfixable = ["F401"]\n[lint.isort]\nforce-sort-within-sections = true\n'
    )
    (root / "ruff.toml").write_text(settings)
    edit = made(root, "organized", "from p import c\nimport d\nimport n\n\nn(c)\n")
    assert isinstance(edit, RefactoringEdit)
    assert edit.texts == {"a.py": "import n\nfrom p import c\n\nn(c)\n"}
    assert sorted(os.listdir(root)) == ["ruff.toml"]


REFUSED: Mapping[str, tuple[str, str, str, str]] = {
    "nothing to do": ("sorted", "import a\n\na()\n", "a.py", "ruff finds nothing to change"),
    "no safe fix": ("unused", "import a\n", "__init__.py", "ruff has no safe fix for __init__.py:1"),
    "an editor's": (
        "unused",
        "import {a} from './a';\n",
        "a.ts",
        'your editor can do this: run "Remove Unused Imports" (source.removeUnusedImports) there',
    ),
    "template literals": (
        "templates",
        "a + 'b'\n",
        "a.js",
        'your editor can do this: run the refactoring "Convert to template string" there',
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_why_there_is_no_edit_is_said(tmp_path: Path, case: tuple[str, str, str, str]) -> None:
    what, text, name, reason = case
    found = made(tmp_path / "w", what, text, name)
    assert isinstance(found, RefactoringProblem)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("what", "text", "name"),
    [
        ("f_strings", "x = 'a' + y\n", "a.py"),  # nothing that ruff would change
        ("sorted", "import b\nimport a\ndef\n", "a.py"),  # broken
        ("templates", "x = 'a' + y\n", "a.py"),
        ("sorted", 'import "b"\n', "a.go"),
    ],
)
def test_a_model_is_asked_for_the_rest(tmp_path: Path, what: str, text: str, name: str) -> None:
    assert made(tmp_path / "w", what, text, name) is None


def test_settings_that_fix_by_themselves_change_nothing_of_that(tmp_path: Path) -> None:
    """With `fix = true` ruff would print the text in place of what it found, but for --no-fix."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "ruff.toml").write_text("fix = true\nunsafe-fixes = true\nshow-fixes = true\n")
    edit = made(tmp_path / "w", "sorted", IMPORTS)
    assert isinstance(edit, RefactoringEdit)
    assert edit.texts["a.py"].startswith("import abc\nimport json")


def test_a_ruff_of_the_workspace_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.path.dirname(sys.executable)
    monkeypatch.setenv("PATH", own)
    assert ruff_for("/a.py", ()) is not None
    assert ruff_for("/a.py", ("/none", own)) is None
    assert ruff_for("/a.py", (os.path.dirname(own),)) is None


def test_without_a_ruff_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    found = made(tmp_path / "w", "sorted", "import b\nimport a\n", found=False)
    assert isinstance(found, RefactoringProblem)
    assert found.reason == (
        'ruff was not found outside the workspace; install it (`uv tool install ruff`), or run "Organize '
        'Imports" (source.organizeImports) in your editor'
    )
