"""What the tools say, in the process: short, right, under their ceiling, and nothing of what is kept."""

from pathlib import Path

import pytest
from agent_shop import AgentShop, ask, make_shop

from assist_escalation.budget.token_count import count
from assist_gateway.mcp_server.result_text import ShownPlace, result_text
from assist_gateway.mcp_server.tools import LEAST_TOKENS, TOOLS, tool_call
from assist_server.errors import UserError

KEEPS_RATES = '[egress]\ndeny = ["shop/rates.py"]\n'


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> AgentShop:
    return make_shop(tmp_path_factory.mktemp("agent"))


def test_a_definition_comes_with_its_text(shop: AgentShop) -> None:
    assert ask(shop.view(), "definition", symbol="Cart.total") == (
        "shop/cart.py:7-9 method Cart.total\n"
        "    def total(self, prices):\n"
        '        """The sum with the rate of the customer."""\n'
        '        return sum(prices) * negotiated_rate("acme")'
    )
    assert ask(shop.view(), "definition", symbol="shop/cart.py:is_empty").startswith("shop/cart.py:11-12 ")


def test_line_ends_of_windows_are_no_characters_that_no_one_sees() -> None:
    place = ShownPlace("till.py", 1, "function change", "def change(paid):\r\n    return paid\r\n", 2)
    assert result_text([place], 100) == "till.py:1-2 function change\ndef change(paid):\n    return paid"


def test_of_several_definitions_short_ones_come_whole_and_the_others_as_heads(shop: AgentShop) -> None:
    both = (
        "shop/till.py:1-2 function total\n"
        "def total(amounts):\n"
        "    return round(sum(amounts), 2)\n"
        "shop/cart.py:7-9 method Cart.total\n"
    )
    assert ask(shop.view(), "definition", symbol="total").startswith(both)
    assert ask(shop.view(), "definition", symbol="basket.total()").startswith(both)  # of a variable
    assert ask(shop.view(), "definition", symbol="is_empt") == "Nothing here has this name. Alike: is_empty."


LONG = "def ship(box):\n" + "".join(f"    box.check({number})\n" for number in range(30))
NAMESAKES = {
    "depot/road.py": LONG,
    "depot/rail.py": LONG,
    "depot/kinds.py": "@overload\ndef load(box: Box) -> None: ...\ndef load(box):\n    return box\n",
    "depot/crate.rs": "impl Crate {\n    fn open(&self) {}\n}\nimpl Lid for Crate {\n    fn open(&self) { go() }\n}\n",
    "tests/test_depot.py": "def load(box):\n    pass\n",
}


def test_long_namesakes_are_heads_overloads_are_none_and_two_of_one_owner_are_two(tmp_path: Path) -> None:
    depot = make_shop(tmp_path, NAMESAKES)
    assert ask(depot.view(), "definition", symbol="ship") == (
        "depot/rail.py:1 function ship (to 31): def ship(box):\n"
        "depot/road.py:1 function ship (to 31): def ship(box):"
    )
    assert ask(depot.view(), "definition", symbol="load") == (
        "depot/kinds.py:3-4 function load\ndef load(box):\n    return box\n"
        "tests/test_depot.py:1 function load (to 2): def load(box):"
    )
    opens = ask(depot.view(), "definition", symbol="Crate.open")
    assert opens.startswith("depot/crate.rs:2 method Crate.open\n")
    assert " :5 method Crate.open\n" in opens


def test_a_long_class_is_shown_by_its_members(tmp_path: Path) -> None:
    body = "".join(f"        self.check({number})\n" for number in range(40))
    text = f'class Depot:\n    """Keeps boxes."""\n\n    def fill(self):\n{body}\n    @cached\n    def clear(self):\n{body}'
    depot = make_shop(tmp_path, {"depot.py": text})
    assert ask(depot.view(), "definition", symbol="Depot") == (
        "depot.py:1-3 class Depot (to 87)\n"
        'class Depot:\n    """Keeps boxes."""\n'
        " :4 (to 44): def fill(self):\n"
        " :46 clear (to 87): @cached"
    )


USES = {
    "till/cash.py": "class Cash:\n    def count(self):\n        return 1\n\n    def twice(self):\n"
    "        self.count()\n        return self.count()\n",
    "till/card.py": "class Card:\n    def count(self):\n        return 2\n",
    "till/day.py": "def close(drawer):\n    drawer.count()\n\n\ndrawer.count()\n",
    "till/rust.rs": "fn tally() {}\n\nmod tests {\n    #[test]\n    fn counts() {\n        assert_eq!(\n"
    "            tally(),\n            ()\n        );\n    }\n}\n",
}


def test_each_line_that_uses_a_name_comes_once_and_those_that_may_mean_another_too(tmp_path: Path) -> None:
    till = make_shop(tmp_path, USES)
    assert ask(till.view(), "references", symbol="count") == (
        "till/card.py:2 method Card.count\n"
        "till/cash.py:2 method Cash.count, used 4 times\n"
        " :6 in Cash.twice: self.count()\n"
        " :7 return self.count()\n"
        "till/day.py:2 in close (by name): drawer.count()\n"
        " :5 at the top (by name): drawer.count()"
    )
    assert ask(till.view(), "references", symbol="Card.count") == (
        "till/card.py:2 method Card.count, used 4 times (by name)\n"
        "till/cash.py:6 in Cash.twice: self.count()\n"
        " :7 return self.count()\n"
        "till/day.py:2 in close: drawer.count()\n"
        " :5 at the top: drawer.count()"
    )


def test_a_test_in_a_module_of_rust_is_one_though_its_call_is_in_a_macro(tmp_path: Path) -> None:
    till = make_shop(tmp_path, USES)
    assert ask(till.view(), "references", symbol="tally", kind="tests") == (
        "till/rust.rs:1 function tally, used 1 times\n :7 in tests.counts: tally(),"
    )
    assert ":7" not in ask(till.view(), "references", symbol="tally", kind="code")


def test_references_are_grouped_by_file_and_can_be_tests_alone(shop: AgentShop) -> None:
    assert ask(shop.view(), "references", symbol="Cart.total") == (
        "shop/cart.py:7 method Cart.total, used 2 times\n"
        " :12 in Cart.is_empty: return not self.total([])\n"
        "tests/test_cart.py:5 in test_total: assert Cart().total([1]) == 0.37"
    )
    tests = ask(shop.view(), "references", symbol="Cart.total", kind="tests")
    assert ":12" not in tests
    assert tests.endswith("\n(1 more in other code)")
    code = ask(shop.view(), "references", symbol="Cart.total", kind="code")
    assert "test_cart" not in code
    assert code.endswith("\n(1 more in tests)")


def test_a_search_finds_code_and_pages_and_can_be_held_to_a_folder(shop: AgentShop) -> None:
    assert "docs/rounding.md:1-3 Rounding" in ask(shop.view(), "search", query="where are prices rounded?")
    assert "docs/" not in ask(shop.view(), "search", query="where are prices rounded?", path="shop/")
    assert ask(shop.view(), "search", query="negotiated_rate").startswith(
        "shop/rates.py:4-6 function negotiated_rate"
    )


def test_a_pack_has_the_code_at_a_line_what_it_calls_and_who_calls_it(shop: AgentShop) -> None:
    found = ask(shop.view(), "pack", path="shop/cart.py", line=8)
    assert found.startswith("shop/cart.py:7-9 target\n")
    assert "def negotiated_rate(customer):" in found
    assert "tests/test_cart.py" in found
    assert "zanzibar" not in ask(shop.view(KEEPS_RATES), "pack", path="shop/cart.py", line=8)


def test_what_a_rule_keeps_is_said_and_not_shown(shop: AgentShop) -> None:
    view = shop.view(KEEPS_RATES)
    assert ask(view, "pack", path="shop/rates.py", line=1).startswith(
        "kept by policy: shop/rates.py never leaves: shop/rates.py is denied in "
    )
    assert ask(view, "definition", symbol="negotiated_rate") == (
        "kept by policy: 1 more file. Do not read them by other means."
    )
    assert "shop/rates.py" not in ask(view, "search", query="negotiated_rate zanzibar contract")
    assert ask(view, "policy", paths=["shop/cart.py", "shop/rates.py", ".env"]).splitlines()[::2] == [
        "shop/cart.py may be shown",
        "kept by policy: .env is on the built-in list of files that hold secrets",
    ]


def test_secrets_are_no_part_of_a_result(shop: AgentShop) -> None:
    found = ask(shop.view(), "definition", symbol="PASSWORD") + ask(shop.view(), "search", query="PASSWORD")
    assert "hunter2" not in found
    assert "[redacted:password]" in found


def test_no_result_is_longer_than_its_ceiling_which_a_caller_can_lower(shop: AgentShop) -> None:
    calls = {
        "search": {"query": "total of the cart with the rate of the customer"},
        "definition": {"symbol": "Cart"},
        "references": {"symbol": "Cart.total"},
        "pack": {"path": "shop/cart.py", "line": 8},
        "policy": {"paths": ["shop/cart.py"] * 20},
    }
    view = shop.view()
    for tool in TOOLS:
        if tool.name in calls:
            said = calls[tool.name]
            assert count(ask(view, tool.name, **said)) <= tool.ceiling
            assert count(ask(view, tool.name, **said, max_tokens=60)) <= 60
            assert tool_call(tool.name, {**said, "max_tokens": 10**6}).ceiling == tool.ceiling
            assert tool_call(tool.name, {**said, "max_tokens": 1}).ceiling == LEAST_TOKENS


@pytest.mark.parametrize(
    ("tool", "said", "words"),
    [
        ("read", {}, "There is no tool 'read': choose from search"),
        ("search", {}, "search needs query."),
        ("search", {"query": 3}, "search: query is text."),
        ("search", {"query": "x", "root": "/"}, "search takes no 'root'"),
        ("pack", {"path": "a.py", "line": 0}, "pack: line counts from 1."),
        ("pack", {"path": "a.py", "line": True}, "pack: line is a whole number."),
        ("references", {"symbol": "x", "kind": "some"}, "references: kind is one of all, code, tests."),
        ("policy", {"paths": [1]}, "policy: paths is a list of texts."),
        ("search", {"query": "a\0b"}, "NUL character"),
    ],
)
def test_arguments_that_do_not_fit_are_said(tool: str, said: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words.replace("(", "\\(")):
        tool_call(tool, said)


@pytest.mark.parametrize("path", ["/etc/passwd", "../own/config.toml", "shop/../../own/config.toml", "."])
def test_no_path_outside_of_the_folder_is_looked_at(shop: AgentShop, path: str) -> None:
    with pytest.raises(UserError, match="is not a file in"):
        ask(shop.view(), "pack", path=path, line=1)


def test_a_file_that_is_gone_is_said(shop: AgentShop, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        ask(shop.view(), "pack", path="shop/gone.py", line=1)
    with pytest.raises(UserError, match=r"There is no line 99 in shop/cart\.py"):
        ask(shop.view(), "pack", path="shop/cart.py", line=99)
