"""`assist explain --facts`: what is computed about code, in words and as JSON, without a model."""

import subprocess
from pathlib import Path

import pytest
from asked_shop import KEY
from command_runs import Assist, runner
from vendor import provider, scripted_answer

CART = '''\
def total(items, rate=0.2):
    """The price with tax. Rounded."""
    if not items:
        return 0
    return round(sum(items) * (1 + rate), 2)
'''
TILL = "from cart import total\n\n\ndef pay(items):\n    return total(items)\n"


@pytest.fixture
def assist(cart: Path, home: dict[str, str]) -> Assist:
    return runner(cart, {**home, "ACME_KEY": KEY})


@pytest.fixture
def cart(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    root.mkdir()
    (root / "cart.py").write_text(CART)
    (root / "till.py").write_text(TILL)
    for command in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=A", "-c", "user.email=a@b.example", "commit", "-qm", "Add the till"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_a_definition_is_told_without_a_model(assist: Assist, cart: Path) -> None:
    done = assist("explain", "cart.py:2", "--facts")
    assert done.code == 0, done.err
    rows = done.out.splitlines()
    assert rows[0].split() == ["What", "function", "total,", "cart.py:1-5"]
    assert 'Author says  "The price with tax. Rounded."' in rows
    assert "Early exits  3: if not items: return 0" in rows
    assert "Returns      5: round(sum(items) * (1 + rate), 2)" in rows
    assert "Used by      till.py:5 in pay" in rows
    assert "Add the till (A, 5 lines)" in rows[-1]
    document = assist("explain", "total", "--facts", "--json").json
    assert document["definition"]["name"] == "total"
    assert document["callers"] == [{"path": "till.py", "line": 5, "inside": "pay", "sure": True}]
    assert [change["lines"] for change in document["changes"]] == [5]


def test_facts_need_no_place_for_an_index(cart: Path, home: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = runner(cart, {**home, "ASSIST_DATA_DIR": str(file / "data")})("explain", "total", "--facts")
    assert (done.code, "Used by      till.py:5 in pay" in done.out) == (0, True), done.err
    assert "file/data cannot be written: the index is built for this command only." in done.err


def test_a_hidden_character_of_a_literal_is_written(assist: Assist, cart: Path) -> None:
    (cart / "role.py").write_text('def role():\n    return "adm\u200bin"\n')
    assert 'Returns  2: "adm<U+200B>in"' in assist("explain", "role.py:1", "--facts").out.splitlines()
    document = assist("explain", "role.py:1", "--facts", "--json").json
    assert [found["text"] for found in document["statements"]] == ['"adm\u200bin"']


def test_lines_that_are_not_committed_belong_to_no_commit(assist: Assist, cart: Path) -> None:
    (cart / "cart.py").write_text(CART.replace("0.2", "0.25"))
    assert [
        change["lines"] for change in assist("explain", "total", "--facts", "--json").json["changes"]
    ] == [4]


def test_a_file_and_a_folder_are_told_by_their_parts(assist: Assist, cart: Path) -> None:
    file = assist("explain", "cart.py", "--facts", "--json").json
    assert [(part["definition"]["name"], part["users"]) for part in file["parts"]] == [("total", 1)]
    assert file["importers"] == ["till.py"]
    folder = assist("explain", ".", "--facts").out
    assert ", 2 definitions at the top level" in folder


def test_lines_with_several_definitions_are_about_their_file(assist: Assist, cart: Path) -> None:
    (cart / "rates.py").write_text(
        "LOW = 0.1\nHIGH = 0.2\n\n\ndef rate(low):\n    return LOW if low else HIGH\n"
    )
    rows = assist("explain", "rates.py:1-6", "--facts").out.splitlines()
    assert rows[0].split()[:2] == ["What", "rates.py,"]
    one = assist("explain", "rates.py:2-4", "--facts").out.splitlines()
    assert one[0].split() == ["What", "constant", "HIGH,", "rates.py:2"]


def test_what_is_no_definition_is_said(assist: Assist, cart: Path) -> None:
    (cart / "empty.py").write_text("\n\n1 + 1\n")
    done = assist("explain", "empty.py:3", "--facts")
    assert done.code == 1
    assert "There is no definition around empty.py:3" in done.err
    assert assist("explain", "nothing", "--facts").code == 1


def test_a_question_for_facts_alone_asks_no_model(assist: Assist, cart: Path, tmp_path: Path) -> None:
    """Also a further question, which speaks of "it". There is no model here, and nothing is sent."""
    (cart / "cart.py").write_text(CART.replace("total", "gross_total"))
    (cart / "till.py").write_text(TILL.replace("total", "gross_total"))
    who = assist("ask", "who calls gross_total?", "--json")
    assert who.code == 0, who.err
    assert [use["inside"] for use in who.json["facts"]["callers"]] == ["pay"]
    assert (who.json["answer"], who.json["model"], who.json["route"]["cause"]) == ("", "", "facts")
    tested = assist("ask", "-c", "and is it tested?")
    assert tested.out.splitlines()[0].startswith("What       function gross_total, cart.py:1-5")
    assert tested.out.rstrip().splitlines()[-1] == "Tested by  nothing in the index"
    assert "No model was asked: the index and git answer it." in tested.err
    assert "(facts)" in assist("route", "ask", "who calls gross_total?").out
    with provider(tmp_path, *(scripted_answer(text) for text in ("In pay.", "Round."))) as vendor:
        asked = assist("ask", "who calls gross_total?", "--frontier", "--yes")
        other = assist("ask", "why is gross_total rounded?", "--frontier", "--yes", "--json")
    assert asked.out.endswith("\n\nIn pay.\n")
    assert other.json["facts"] is None
    assert len(vendor.requests) == 2


def test_a_question_that_facts_answer_begins_a_conversation(assist: Assist, cart: Path) -> None:
    """Its code is gathered when that goes on, since no model saw any before."""
    (cart / "cart.py").write_text(CART.replace("total", "gross_total"))
    (cart / "till.py").write_text(TILL.replace("total", "gross_total"))
    done = assist("ask", "who calls gross_total?")
    assert "Used by  till.py:5 in pay" in done.out.splitlines()
    assert "No model was asked: the index and git answer it." in done.err
    assert "cart.py" in assist("route", "ask", "-c", "and why is that?", "--json").json["files"]
    assert "who calls gross_total?" in assist("threads").out


def test_of_several_definitions_the_others_are_named(assist: Assist, cart: Path) -> None:
    (cart / "cart.py").write_text(CART.replace("total", "gross_total"))
    (cart / "old").mkdir()
    (cart / "old" / "cart.py").write_text(CART.replace("total", "gross_total"))
    done = assist("ask", "where is gross_total?")
    rows = [row for row in done.out.splitlines() if row]
    assert rows[0].startswith("What     function gross_total, cart.py:1-5")
    assert rows[-1] == "Another  function gross_total, old/cart.py:1"
