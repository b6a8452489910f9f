"""The truth of an agent's questions, and what other ways to it cost: made of a repository, without our index."""

from collections import Counter
from pathlib import Path

import pytest
from repositories import git

from bench.questions.agent_questions import (
    KINDS,
    AgentQuestion,
    QuestionSet,
    covers,
    question_sets,
    set_for,
)
from bench.questions.drawn_questions import questions_of, source_names
from bench.questions.reading_steps import PlainFiles, reading_steps
from bench.questions.tool_steps import places_in

CODE = "import json\n\n\n@cache\ndef parse_amount(text):\n    return text\n\n\ndef start_shop():\n    return [parse_amount(a) for a in b]\n"
MORE = "/* parseAmount( */\nexport function parseAmount(text) {\n\treturn text; // parseAmount(\n}\nparseAmount('1');\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "shop.py").write_text(CODE)
    (tmp_path / "shop.ts").write_text(MORE)
    (tmp_path / "tests" / "test_shop.py").write_text("def test_it():\n" + "    parse_amount('1')\n" * 3)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Begin a shop")
    (tmp_path / "shop.py").write_text(CODE.replace("return text", "return text.strip()"))
    git(tmp_path, "commit", "-qam", "fix: ignore blanks around an amount (#12)")
    return tmp_path


def test_the_truth_is_read_with_other_parsers(shop: Path) -> None:
    names = source_names(shop)
    assert names.definitions["parse_amount"] == [("shop.py", 4, 6)]
    assert names.definitions["parseAmount"] == [("shop.ts", 2, 4)]
    assert names.calls["parseAmount"] == [("shop.ts", 5)]  # and not in comments
    found = {question.kind: question for question in questions_of(shop, {"tests": 9, "decided": 9}, 1)}
    assert found["tests"].truth == tuple(("tests/test_shop.py", line) for line in (2, 3, 4))
    assert found["decided"] == AgentQuestion(
        "decided", "ignore blanks around an amount", (), (("shop.py", 4),), 6
    )


def test_a_question_is_answered_when_all_its_lines_were_shown(shop: Path) -> None:
    calls = AgentQuestion(
        "tests", "Who?", ("parse_amount",), (("tests/test_shop.py", 2), ("tests/test_shop.py", 9))
    )
    shown = list(places_in("tests/test_shop.py:2 in test_it: parse_amount('1')\n :3 in test_it: x"))
    assert covers(calls, shown) == 0.5
    decided = AgentQuestion("decided", "Why?", (), (("shop.py", 4),), 6)
    assert (covers(decided, [("shop.py", 6)]), covers(decided, [("shop.py", 7)])) == (1, 0)


def test_the_table_is_whole_and_knows_the_commit(shop: Path) -> None:
    sets = question_sets()
    assert Counter(question.kind for one in sets for question in one.questions) == dict.fromkeys(KINDS, 8)
    assert all(question.truth and question.last == 0 for one in sets for question in one.questions)
    with pytest.raises(SystemExit, match="There are no questions about"):
        set_for(shop, sets)
    with pytest.raises(SystemExit, match=r"run `git -C .* checkout abc`"):
        set_for(shop, [QuestionSet(f"own/{shop.name}", "abc", ())])


def test_reading_goes_from_a_command_to_the_lines_around_its_hits(shop: Path) -> None:
    files = PlainFiles(shop)
    question = AgentQuestion("definition", "What?", ("parse_amount",), (("shop.py", 4),))
    command, read = reading_steps(files, question, 100)
    assert command.text == "shop.py:5:def parse_amount(text):"
    assert "def start_shop" in read.text
    long = PlainFiles(shop)
    long.lines["shop.py"] = [f"line {number}" for number in range(1, 1_001)]
    assert long.read("shop.py", 500, 100).places[0] == ("shop.py", 480)
    assert long.read("shop.py", 500, 100).places[-1] == ("shop.py", 579)
