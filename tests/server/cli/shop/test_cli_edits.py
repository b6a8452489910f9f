"""`assist refactor`, `fix` and `test` as a user runs them: edits shown, made, refused and undone."""

import json
from pathlib import Path

import pytest
from asked_shop import CART, KEY, PRICES, RENAMED, audit_events
from command_runs import Assist, run_at_terminal
from vendor import provider, scripted_answer


def test_a_refactoring_over_two_files_is_shown_made_and_undone(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    with provider(tmp_path, scripted_answer(RENAMED)) as acme:
        shown = assist("refactor", "gross", "rename it to with_tax", "--frontier", "--yes")
    assert shown.code == 0
    assert "+def with_tax(net):" in shown.out
    assert "Changed shop/prices.py, shop/cart.py. `assist undo` reverts it.\n" in shown.err
    assert (shop / "shop" / "prices.py").read_text() == PRICES.replace("gross", "with_tax")
    assert (shop / "shop" / "cart.py").read_text() == CART.replace("gross", "with_tax")
    assert audit_events(tmp_path)[-1]["kind"] == "edit"
    assert assist("undo", "--yes").code == 0
    assert (shop / "shop" / "cart.py").read_text() == CART
    assert (shop / "shop" / "prices.py").read_text() == PRICES
    assert "with_tax" in acme.requests[0].body.decode()


def test_an_edit_that_fits_nowhere_changes_nothing_and_says_where(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    wrong = RENAMED.replace(
        "        return sum(gross(item) for item in self.items)",
        "        return sum(gross(i) for i in self.items)",
    )
    with provider(tmp_path, scripted_answer(wrong)):
        done = assist("refactor", "gross", "rename it to with_tax", "--frontier", "--yes")
    assert done.code == 1
    assert "Nothing was changed" in done.err
    assert (shop / "shop" / "prices.py").read_text() == PRICES


def test_without_a_yes_an_edit_is_only_shown(assist: Assist, tmp_path: Path, shop: Path) -> None:
    with provider(tmp_path, scripted_answer(RENAMED)):
        done = assist("refactor", "gross", "rename it to with_tax", "--frontier", "--json")
    assert done.code == 0
    assert done.json["edit"]["applied"] is False
    assert sorted(done.json["edit"]["files"]) == ["shop/cart.py", "shop/prices.py"]
    assert (shop / "shop" / "prices.py").read_text() == PRICES


LONG = "def long():\n    a = 1\n    b = 2\n    c = 3\n    return a + b + c\n"
SHORTER = (
    "shop/long.py\n<<<<<<< SEARCH\n"
    f"{LONG.split(':', 1)[1].lstrip(chr(10))}=======\n    return 6\n>>>>>>> REPLACE\n"
)


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_yes_does_not_cover_an_edit_that_removes_most_of_a_definition(
    assist: Assist, tmp_path: Path, shop: Path, flags: tuple[str, ...]
) -> None:
    (shop / "shop" / "long.py").write_text(LONG)
    with provider(tmp_path, scripted_answer(SHORTER)):
        done = assist("refactor", "shop/long.py", "tidy up", "--frontier", "--yes", *flags)
    assert done.code == 1
    assert "shop/long.py would have 2 of its 5 statements" in done.err
    assert "there is no terminal to ask on" in (done.json["error"] if flags else done.err)
    assert (shop / "shop" / "long.py").read_text() == LONG


HOSTS = "def hosts(urls):\n    return [u for u in urls if u.scheme in ('http', 'https')]\n"
TURNED = (
    "shop/hosts.py\n<<<<<<< SEARCH\n"
    f"{HOSTS}=======\nSCHEMES = ('http', 'https')\n\n\n"
    + HOSTS.replace("in ('http', 'https')", "not in SCHEMES")
    + ">>>>>>> REPLACE\n"
)
REASON = "line 5 of shop/hosts.py: `in` became `not in`, although you did not ask for it"


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_yes_does_not_cover_turned_logic_that_the_wish_does_not_ask_for(
    assist: Assist, tmp_path: Path, shop: Path, flags: tuple[str, ...]
) -> None:
    (shop / "shop" / "hosts.py").write_text(HOSTS)
    wish = "take the schemes out into a constant"
    with provider(tmp_path, scripted_answer(TURNED)):
        done = assist("refactor", "shop/hosts.py", wish, "--frontier", "--yes", *flags)
    assert done.code == 1
    assert f"{REASON}: please check." in done.err
    assert "there is no terminal to ask on: run the command in a terminal" in (
        done.json["error"] if flags else done.err
    )
    assert (shop / "shop" / "hosts.py").read_text() == HOSTS


def test_an_honest_refactoring_is_made_with_yes(assist: Assist, tmp_path: Path, shop: Path) -> None:
    (shop / "shop" / "hosts.py").write_text(HOSTS)
    right = TURNED.replace("not in", "in")
    with provider(tmp_path, scripted_answer(right)):
        done = assist("refactor", "shop/hosts.py", "take the schemes out", "--frontier", "--yes")
    assert done.code == 0
    assert "SCHEMES = " in (shop / "shop" / "hosts.py").read_text()


def test_turned_logic_is_made_if_a_person_agrees(tmp_path: Path, shop: Path, home: dict[str, str]) -> None:
    (shop / "shop" / "hosts.py").write_text(HOSTS)
    with provider(tmp_path, scripted_answer(TURNED)):
        arguments = ("refactor", "shop/hosts.py", "a constant for the schemes", "--frontier", "--yes")
        asked = run_at_terminal(shop, {**home, "ACME_KEY": KEY}, arguments, typed="y\n")
    assert REASON in " ".join(asked.err.split())
    assert "not in SCHEMES" in (shop / "shop" / "hosts.py").read_text()


def test_what_is_asked_about_is_shown_where_stdout_is_a_document(
    tmp_path: Path, shop: Path, home: dict[str, str]
) -> None:
    (shop / "shop" / "long.py").write_text(LONG)
    with provider(tmp_path, scripted_answer(SHORTER)):
        arguments = ("refactor", "shop/long.py", "tidy up", "--frontier", "--yes", "--json")
        asked = run_at_terminal(shop, {**home, "ACME_KEY": KEY}, arguments, typed="y\n")
    assert asked.json["edit"]["applied"] is True
    assert "-    c = 3" in asked.err[: asked.err.index("Make this change?")]


def test_tests_are_put_into_a_new_file_and_run(assist: Assist, tmp_path: Path, shop: Path) -> None:
    answer = (
        "```python\nfrom shop.prices import gross\n\n\ndef test_gross():\n    assert gross(10) == 12\n```\n"
    )
    (shop / "tests").mkdir()
    (shop / "tests" / "test_other.py").write_text("def test_other():\n    assert True\n")
    with provider(tmp_path, scripted_answer(answer)) as acme:
        done = assist("test", "gross", "--frontier", "--yes")
    assert done.code == 0
    assert (shop / "tests" / "test_prices.py").read_text().startswith("from shop.prices import gross\n")
    assert "tests/test_prices.py" in acme.requests[0].body.decode()


def test_an_edit_that_is_declined_at_the_terminal_is_no_answer(
    assist: Assist, home: dict[str, str], tmp_path: Path, shop: Path
) -> None:
    with provider(tmp_path, scripted_answer(RENAMED)):
        arguments = ("refactor", "gross", "rename it to with_tax", "--frontier")
        run_at_terminal(shop, {**home, "ACME_KEY": KEY}, arguments, typed="n\n")
    assert (shop / "shop" / "prices.py").read_text() == PRICES
    lines = [json.loads(line) for line in (tmp_path / "data" / "feedback.jsonl").read_text().splitlines()]
    assert [each["event"] for each in lines] == ["routed", "offered", "not_applied"]
    assert [each["language"] for each in lines] == ["python"] * 3
    found = assist("stats", "--json").json["answers"]
    assert (found["answered"], found["offered"], found["not_applied"]) == (0, 1, 1)
