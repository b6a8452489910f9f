"""Facts that answer a question by themselves: of what is defined here, and of names that are not."""

from dataclasses import replace
from pathlib import Path

import pytest
from config_files import write

from assist_server.config.config import load
from assist_server.questions.code_facts import CodeFacts, asked_facts
from assist_server.wording.facts import fact_rows
from assist_server.workspace.folder_index import corpus_of
from assist_server.workspace.index_update import folder_at, update_index

FILES = {
    "shop/cart.py": "import json\n\n\ndef saved(cart):\n    return json.dumps(cart)\n",
    "tests/test_cart.py": "import json\n\n\ndef test_saved():\n    assert json.dumps({}) == '{}'\n",
}


def facts(root: Path, words: str) -> CodeFacts | None:
    for path, text in FILES.items():
        (root / "w" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "w" / path).write_text(text)
    (root / "own").mkdir()
    config = load(write(root / "own", ""))
    folder = folder_at(config, root / "w")
    update_index(config, folder, lambda *_: None)
    corpus = corpus_of(folder)
    found = asked_facts((corpus,), words, {})
    corpus.reader.close()
    return found


def rows(root: Path, words: str) -> list[tuple[str, str]] | None:
    found = facts(root, words)
    return None if found is None else [(row.name, row.value) for row in fact_rows(found)]


def test_who_uses_a_name_of_a_library_is_told(tmp_path: Path) -> None:
    assert rows(tmp_path, "who calls `dumps`, and is it tested?") == [
        ("What", "dumps: this folder has no definition of it"),
        ("Used by", "shop/cart.py:5 in saved"),
        ("Tested by", "tests/test_cart.py:5 in test_saved"),
    ]


def test_a_name_that_no_file_has_is_said_with_those_that_are_like_it(tmp_path: Path) -> None:
    assert rows(tmp_path, "which functions use `save`?") == [
        ("What", "save: no code of this folder defines it or calls it"),
        ("Alike", "saved"),
    ]


@pytest.mark.parametrize(
    "words", ["why does it call `dumps`?", "who calls `dumps` and `loads`?", "what changed in `dumps`?"]
)
def test_other_questions_about_such_a_name_are_not_answered_by_facts(tmp_path: Path, words: str) -> None:
    assert rows(tmp_path, words) is None


def test_where_git_needs_too_long_nothing_is_said_to_be_unchanged(tmp_path: Path) -> None:
    found = facts(tmp_path, "what changed in `saved`?")
    assert found is not None
    in_time = [(row.name, row.value) for row in fact_rows(found)]
    assert in_time[-1] == ("Changed", "nothing that the index knows")
    late = [(row.name, row.value) for row in fact_rows(replace(found, changes=None))]
    assert late == [*in_time[:-1], ("Changed", "git needs too long to tell")]
