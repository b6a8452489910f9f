"""`assist explain --facts`: what is computed about code, in words and as JSON, without a model."""

import subprocess
from pathlib import Path

import pytest
from conftest import Assist

CART = '''\
def total(items, rate=0.2):
    """The price with tax. Rounded."""
    if not items:
        return 0
    return round(sum(items) * (1 + rate), 2)
'''
TILL = "from cart import total\n\n\ndef pay(items):\n    return total(items)\n"


@pytest.fixture
def cart(tmp_path: Path) -> Path:
    (tmp_path / "cart.py").write_text(CART)
    (tmp_path / "till.py").write_text(TILL)
    for command in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=A", "-c", "user.email=a@b.example", "commit", "-qm", "Add the till"),
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_definition_is_told_without_a_model(assist: Assist, cart: Path) -> None:
    done = assist("explain", "cart.py:2", "--facts")
    assert done.code == 0, done.err
    rows = done.out.splitlines()
    assert rows[0].split() == ["What", "function", "total,", "cart.py:1-5"]
    assert "Says          The price with tax." in rows
    assert "Leaves early  3: if not items: return 0" in rows
    assert "Returns       5: round(sum(items) * (1 + rate), 2)" in rows
    assert "Used by       till.py:5 in pay" in rows
    assert "Add the till (5 lines)" in rows[-1]
    document = assist("explain", "total", "--facts", "--json").json
    assert document["definition"]["name"] == "total"
    assert document["callers"] == [{"path": "till.py", "line": 5, "inside": "pay", "sure": True}]
    assert [change["lines"] for change in document["changes"]] == [5]


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
    assert ", 2 definitions at the top" in folder


def test_what_is_no_definition_is_said(assist: Assist, cart: Path) -> None:
    (cart / "empty.py").write_text("\n\n1 + 1\n")
    done = assist("explain", "empty.py:3", "--facts")
    assert done.code == 1
    assert "There is no definition around empty.py:3" in done.err
    assert assist("explain", "nothing", "--facts").code == 1
