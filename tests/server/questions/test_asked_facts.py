"""Facts that answer a question by themselves: of what is defined here, and of names that are not."""

from dataclasses import replace
from pathlib import Path

import pytest
from config_files import write

from assist_server.config.config import load
from assist_server.questions.code_facts import CodeFacts, asked_facts
from assist_server.wording.facts import fact_rows
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder, update_index

FILES = {
    "shop/cart.py": "import json\n\n\ndef saved(cart):\n    return json.dumps(cart)\n",
    "shop/till.py": "from shop.cart import saved\n\n\ndef pay(cart):\n    return saved(cart)\n",
    "tests/test_till.py": "from shop.cart import saved\n\n\ndef test_saved():\n    assert saved({})\n",
    "shop/a.py": "class A:\n    def size(self):\n        return 1\n\n\nclass B:\n    def size(self):\n        return 2\n",
    "shop/b.py": "class C:\n    def size(self):\n        return 1\n\n\nclass D:\n    def size(self):\n        return 2\n",
    "tests/test_cart.py": "import json\n\n\ndef test_saved():\n    assert json.dumps({}) == '{}'\n",
}


def facts(root: Path, words: str) -> CodeFacts | None:
    for path, text in FILES.items():
        (root / "w" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "w" / path).write_text(text)
    (root / "own").mkdir()
    config = load(write(root / "own", ""))
    folder = open_folder(config, root / "w")
    update_index(config, folder, lambda *_: None)
    corpus = open_corpus(folder)
    found = asked_facts((corpus,), words, {})
    corpus.reader.close()
    return found


def rows(root: Path, words: str) -> list[tuple[str, str]] | None:
    found = facts(root, words)
    return None if found is None else [(row.name, row.value) for row in fact_rows(found)]


SAVED = [("What", "function saved, shop/cart.py:4-5"), ("", "def saved(cart):")]


@pytest.mark.parametrize("name", ["saved", "`saved`", "saved()"])
def test_each_part_of_a_question_is_answered(tmp_path: Path, name: str) -> None:
    assert rows(tmp_path, f"who calls {name}, is it tested, what does it return and raise?") == [
        *SAVED,
        ("Returns", "5: json.dumps(cart)"),
        ("Raises", "nothing in its own code"),
        ("Used by", "shop/till.py:5 in pay"),
        ("Tested by", "tests/test_till.py:5 in test_saved"),
    ]


def test_callers_come_with_the_number_of_tests(tmp_path: Path) -> None:
    assert rows(tmp_path, "who calls saved?") == [
        *SAVED,
        ("Used by", "shop/till.py:5 in pay"),
        ("Tested by", "1 line"),
    ]


def test_of_a_name_with_many_definitions_all_are_told(tmp_path: Path) -> None:
    found = rows(tmp_path, "where is size defined?")
    assert found is not None
    assert found[0] == ("What", "size: 4 definitions; ask about one by its owner or file, as in `A.size`")
    assert found[1] == ("Defined", "A.size, shop/a.py:2")


def test_who_uses_a_name_of_a_library_is_told(tmp_path: Path) -> None:
    assert rows(tmp_path, "who calls `dumps`, and is it tested?") == [
        ("What", "dumps: this folder has no definition of it"),
        ("Used by", "shop/cart.py:5 in saved"),
        ("Tested by", "tests/test_cart.py:5 in test_saved"),
    ]


def test_a_name_that_no_file_has_is_said_with_those_that_are_like_it(tmp_path: Path) -> None:
    assert rows(tmp_path, "which functions use `save`?") == [
        ("What", "save: no code in this folder defines or calls it"),
        ("Alike", "saved"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "why does it call `dumps`?",
        "who calls `dumps` and `loads`?",
        "what changed in `dumps`?",
        "is anything here tested with umbrellas?",
    ],
)
def test_other_questions_about_such_a_name_are_not_answered_by_facts(tmp_path: Path, words: str) -> None:
    assert rows(tmp_path, words) is None


def test_where_git_needs_too_long_nothing_is_said_to_be_unchanged(tmp_path: Path) -> None:
    found = facts(tmp_path, "what changed in `saved`?")
    assert found is not None
    in_time = [(row.name, row.value) for row in fact_rows(found)]
    assert in_time[-1] == ("Changed", "nothing in the index")
    late = [(row.name, row.value) for row in fact_rows(replace(found, changes=None))]
    assert late == [*in_time[:-1], ("Changed", "not known, because git took too long")]
