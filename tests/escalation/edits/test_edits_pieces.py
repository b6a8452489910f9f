"""Answers that repeat the pieces that were shown, with file and lines, instead of describing an edit."""

import pytest

from assist_escalation.edits.plan import Base, EditError, EditPlan, hash_text
from assist_escalation.edits.planner import plan
from assist_escalation.prompts import Origin, Span

PRICES = "def gross(net):\n    return net * 1.2\n"
CART = (
    "from shop.prices import gross\n\n\nclass Cart:\n    def __init__(self):\n        self.items = []\n\n"
    "    def total(self):\n        return sum(gross(item) for item in self.items)\n"
)
ANSWER = """\
Here is the renamed code:

```shop/prices.py lines 1-2 29948af4950a
def with_tax(net):
    return net * 1.2
``` 29948af4950a

```shop/cart.py lines 8-9 29948af4950a
def total(self):
    return sum(with_tax(item) for item in self.items)
``` 29948af4950a
"""


def scope_of(**texts: str) -> dict[str, Base]:
    paths = {f"shop/{name}.py": text for name, text in texts.items()}
    return {path: Base(path, text, hash_text(text)) for path, text in paths.items()}


def span(path: str, first: int, last: int, text: str) -> Span:
    return Span(text, Origin("file", path, "/w", first, last))


SCOPE = scope_of(prices=PRICES, cart=CART)
METHOD = "def total(self):\n    return sum(gross(item) for item in self.items)\n"
SHOWN = (span("shop/prices.py", 1, 2, PRICES), span("shop/cart.py", 8, 9, METHOD))


def afters(result: EditPlan) -> dict[str, str]:
    return {change.path: change.after for change in result.changes}


def renamed(text: str) -> str:
    return text.replace("gross(", "with_tax(")


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        ANSWER.replace(" 29948af4950a", ""),
        ANSWER.replace("``` 29948af4950a\n", "```\n"),
        ANSWER.replace("\n", "\r\n"),
        ANSWER.replace("``` 29948af4950a\n", "\n\n``` 29948af4950a\n"),
    ],
)
def test_pieces_take_the_places_that_they_were_shown_with(answer: str) -> None:
    assert afters(plan(answer, SCOPE, spans=SHOWN)) == {
        path: renamed(base.text) for path, base in SCOPE.items()
    }


def test_an_unchanged_piece_is_no_change() -> None:
    answer = ANSWER.replace("def with_tax(net)", "def gross(net)")
    assert afters(plan(answer, SCOPE, spans=SHOWN)) == {"shop/cart.py": renamed(CART)}
    with pytest.raises(EditError, match="changes nothing"):
        plan(answer.replace("with_tax", "gross"), SCOPE, spans=SHOWN)


def test_of_twins_the_one_that_was_shown_is_changed() -> None:
    scope, text = scope_of(prices=PRICES + PRICES), PRICES.replace("1.2", "1.3")
    made = plan(
        f"```shop/prices.py lines 3-4\n{text}```\n", scope, spans=[span("shop/prices.py", 3, 4, PRICES)]
    )
    assert afters(made) == {"shop/prices.py": PRICES + text}


def test_a_whole_file_keeps_its_line_ends_and_its_mark() -> None:
    scope = scope_of(cart="\ufeff" + CART.replace("\n", "\r\n"))
    answer = f"```shop/cart.py lines 1-9\n{CART.replace('gross', 'with_tax')}```\n"
    made = plan(answer, scope, spans=[span("shop/cart.py", 1, 9, CART)])
    assert afters(made)["shop/cart.py"] == scope["shop/cart.py"].text.replace("gross", "with_tax")


def test_a_piece_that_leaves_lines_out_takes_the_place_of_those_it_has() -> None:
    head = span("shop/cart.py", 4, 9, "class Cart:\n    def __init__(self):\n        self.items = []\n")
    answer = "```shop/cart.py lines 4-9\nclass Cart:\n    def __init__(self):\n        self.items = {}\n```\n"
    assert afters(plan(answer, SCOPE, spans=[head])) == {"shop/cart.py": CART.replace("[]", "{}")}
    heads = span("shop/cart.py", 4, 9, "class Cart:\n    def __init__(self):\n    def total(self):\n")
    answer = "```shop/cart.py lines 4-9\nclass Cart:\n    def __init__(self):\n    def sum(self):\n```\n"
    with pytest.raises(EditError, match="shown only in part"):
        plan(answer, SCOPE, spans=[heads])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ANSWER.replace("lines 8-9", "lines 8-10"), "shown 0 times"),
        (ANSWER.replace("lines 1-2", "lines 2-2"), "shown 0 times"),
        (ANSWER.replace("shop/cart.py", "shop/Cart.py"), "not for a file of this request"),
        (ANSWER.replace("shop/cart.py", "../shop/cart.py"), "not for a file of this request"),
        (ANSWER + "\n```python\nprint(with_tax(1))\n```\n", "names no file and lines"),
        (ANSWER + "\n```\n", "names no file and lines"),
        (ANSWER.removesuffix("``` 29948af4950a\n"), "cut off"),
        (ANSWER.replace("def with_tax(net):\n    return net * 1.2\n", ""), "is empty"),
        (ANSWER.replace("def with_tax(net):\n", ""), r"fewer .*than the model was shown"),
        (ANSWER.replace("net * 1.2", "net * 1.2)"), "syntax"),
        (ANSWER.replace("    return net * 1.2", "    # ... existing code ..."), "left out|syntax"),
        (ANSWER + "<<<<<<< SEA", "without a block"),
        (ANSWER + ANSWER, "two blocks"),
        ("```python\nx = 1\n```\n", "no edit"),
        ("x" * 1_000_001, "at most"),
    ],
)
def test_what_is_not_certainly_a_piece_refuses_the_answer(answer: str, says: str) -> None:
    with pytest.raises(EditError, match=says):
        plan(answer, SCOPE, spans=SHOWN)


def test_a_file_of_which_only_the_changed_part_comes_back_is_not_cut() -> None:
    answer = "```shop/cart.py lines 1-9\nclass Cart:\n    def total(self):\n        return 1\n```\n"
    with pytest.raises(EditError, match=r"fewer .*than the model was shown"):
        plan(answer, SCOPE, spans=[span("shop/cart.py", 1, 9, CART)])
    scope = {"a.txt": Base("a.txt", "a\nb\n", hash_text("a\nb\n"))}
    with pytest.raises(EditError, match="1 fewer lines"):
        plan("```a.txt lines 1-2\nc\n```\n", scope, spans=[span("a.txt", 1, 2, "a\nb\n")])


def test_lines_that_are_not_as_shown_are_not_replaced() -> None:
    scope = scope_of(prices="# new\n" + PRICES, cart=CART)
    with pytest.raises(EditError, match="do not match what was shown"):
        plan(ANSWER, scope, spans=SHOWN)


def test_code_with_fences_of_its_own_needs_the_wider_fence_that_it_was_shown_in() -> None:
    text = 'HELP = """\n```\nls\n```\n"""\n'
    scope, shown = scope_of(help=text), [span("shop/help.py", 1, 5, text)]
    new = text.replace("ls", "pwd")
    made = plan(f"````shop/help.py lines 1-5\n{new}````\n", scope, spans=shown)
    assert afters(made) == {"shop/help.py": new}
    with pytest.raises(EditError, match="4 backticks"):
        plan(f"```shop/help.py lines 1-5\n{new}```\n", scope, spans=shown)


def test_pieces_count_only_where_the_caller_says_what_was_shown() -> None:
    with pytest.raises(EditError, match="no edit"):
        plan(ANSWER, SCOPE)
