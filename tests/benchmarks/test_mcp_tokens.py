"""The truth of an agent's questions, and what other ways to it cost: made of a repository, without our index."""

from pathlib import Path

import pytest
from repositories import git

from bench.questions.agent_questions import AgentQuestion, covers, questions_of, source_names
from bench.questions.reading_costs import PlainFiles, narrowest, whole_files
from mcp_tokens import places_in

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
        "decided", "ignore blanks around an amount", (("shop.py", 4),), 6
    )


def test_each_way_has_its_price_and_its_places(shop: Path) -> None:
    files = PlainFiles(shop)
    question = AgentQuestion("definition", "parse_amount", (("shop.py", 4),), 6)
    assert narrowest(files, question).text.startswith("shop.py:5:def parse_amount(text):\n@cache\n")
    assert covers(question, narrowest(files, question).places) == 1
    assert "def start_shop" in whole_files(files, question).text
    calls = AgentQuestion("tests", "parse_amount", (("tests/test_shop.py", 2), ("tests/test_shop.py", 9)))
    assert (
        covers(calls, places_in("tests/test_shop.py:2 in test_it: parse_amount('1')\n :3 in test_it: x"))
        == 0.5
    )
