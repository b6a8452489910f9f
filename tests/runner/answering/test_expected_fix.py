"""`fix` of a bug that no test catches: what the user expects becomes a test that fails today, and judges."""

import shutil
import sys
from pathlib import Path

import pytest
from referee_desk import RefereeDesk

from assist_escalation.edits.plan import EditPlan
from assist_server.errors import UserError
from assist_server.questions.events import FinalAnswer
from assist_server.wording.answers import answer_document, answer_view

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
CODE = "def word_count(text):\n    return len(text.split(' '))\n"
RIGHT = "def word_count(text):\n    return len(text.split())\n"
WRONG = "def word_count(text):\n    return len(text.split(' ')) + 1\n"
TESTS = "from words import word_count\n\n\ndef test_two():\n    assert word_count('a b') == 2\n"
WORDS = "word_count('') returns 1 instead of 0"
TOLD = (
    "This test of what you expect fails today: `word_count('')` (today: 1, wanted: 0). The fix must pass it."
)


def after(final: FinalAnswer) -> dict[str, str]:
    assert isinstance(final.plan, EditPlan)
    return {change.path: change.after for change in final.plan.changes}


def desk_of(place: Path, tests: str = TESTS) -> RefereeDesk:
    return RefereeDesk(place, tests, code=CODE, module="words")


async def test_a_sentence_becomes_a_test_that_judges_and_is_kept_with_the_edit(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    final, notices, decided = await desk.answer(RIGHT, run=True, words=WORDS)
    assert notices == [TOLD]
    changed = after(final)
    assert changed["words.py"] == RIGHT
    assert changed["tests/test_words.py"].startswith(TESTS)
    assert "assert word_count('') == 0" in changed["tests/test_words.py"]
    assert answer_view(decided, final).proof_line == (
        "Proof: tests. The test of what you expect: `word_count('')` gives 0 (before: 1); "
        "tests pass: 1 before, 2 now."
    )
    document = answer_document(answer_view(decided, final))
    assert document["checked"]["expected"] == {"call": "word_count('')", "today": "1", "wanted": "0"}
    assert (desk.root / "tests/test_words.py").read_text() == TESTS
    assert "assert word_count('') == 0" in desk.model.asked[0].user


async def test_a_small_change_that_the_test_proves_needs_no_model(tmp_path: Path) -> None:
    cheapest = "def cheapest(prices):\n    return max(prices)\n"
    single = "from prices import cheapest\n\n\ndef test_one():\n    assert cheapest([2]) == 2\n"
    desk = RefereeDesk(tmp_path, single, code=cheapest, module="prices")
    final, _, decided = await desk.answer(
        cheapest.replace("max", "sum"), run=True, expect="cheapest([3, 1]) == 1"
    )
    assert final.text == "Line 2 of prices.py: `return max(prices)` becomes `return min(prices)`."
    added = "\n\ndef test_cheapest_with_3_1():\n    assert cheapest([3, 1]) == 1\n"
    assert after(final) == {
        "prices.py": cheapest.replace("max", "min"),
        "tests/test_prices.py": single + added,
    }
    assert answer_view(decided, final).proof_line == (
        "Proof: tests. The test of what you expect: `cheapest([3, 1])` gives 1 (before: 3); "
        "tests pass: 1 before, 2 now; it also changes `cheapest([0, 1])`: 1 becomes 0, "
        "`cheapest([2, 1])`: 2 becomes 1, `cheapest([4, 1])`: 4 becomes 1 and 2 more."
    )


async def test_a_small_change_that_changes_every_call_is_left_to_the_model(tmp_path: Path) -> None:
    """That the value comes out right says nothing then: `+ 2` gives one wanted value too."""
    code = "def twice(number):\n    return number + 1\n"
    right = code.replace("+ 1", "* 2")
    desk = RefereeDesk(tmp_path, "", code=code, module="sums")
    final, _, _ = await desk.answer(right, run=True, expect="twice(2) == 4")
    assert final.text.startswith("```")
    assert after(final)["sums.py"] == right


async def test_one_value_does_not_choose_between_small_changes(tmp_path: Path) -> None:
    adult = "def is_adult(age):\n    return age > 18\n"
    right = adult.replace(">", ">=")
    desk = RefereeDesk(tmp_path, "", code=adult, module="ages")
    final, _, decided = await desk.answer(right, run=True, expect="is_adult(18) == True")
    assert isinstance(final.plan, EditPlan)
    assert final.plan.asks
    assert after(final) == {
        "ages.py": right,
        "tests/test_ages.py": "from ages import is_adult\n\n\n"
        "def test_is_adult_with_18():\n    assert is_adult(18) is True\n",
    }
    assert answer_view(decided, final).proof_line.endswith("tests pass: 0 before, 1 now.")
    assert not (desk.root / "tests/test_ages.py").exists()


async def test_what_is_not_so_today_makes_no_test(tmp_path: Path) -> None:
    final, notices, decided = await desk_of(tmp_path).answer(
        RIGHT, run=True, words="word_count('') returns 2 instead of 0"
    )
    assert notices == ["No test was made from what you expect: `word_count('')` gives 1 today, not 2."]
    assert list(after(final)) == ["words.py"]
    assert (
        answer_view(decided, final).proof_line
        == "Proof: none. No test covers it (tests pass: 1 before, 1 now)."
    )


async def test_a_test_that_fails_already_judges_alone(tmp_path: Path) -> None:
    failing = TESTS + "\n\ndef test_none():\n    assert word_count('') == 0\n"
    final, notices, decided = await desk_of(tmp_path, failing).answer(RIGHT, run=True, words=WORDS)
    assert notices == [
        "No test was made from what you expect: existing tests already fail and judge the edit."
    ]
    assert list(after(final)) == ["words.py"]
    assert answer_view(decided, final).proof_line == "Proof: tests. Tests pass: 1 before, 2 now."


async def test_an_edit_that_the_test_refuses_is_not_offered(tmp_path: Path) -> None:
    expect = "word_count(None) == 70"
    final, notices, decided = await desk_of(tmp_path).answer(WRONG, run=True, expect=expect)
    assert notices == [
        "This test of what you expect fails today: `word_count(None)` (today: AttributeError, wanted: 70). "
        "The fix must pass it."
    ]
    assert final.plan is None
    assert answer_view(decided, final).proof_line.startswith("Proof: none. Tried")


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the calls")
async def test_what_is_expected_judges_in_javascript(tmp_path: Path) -> None:
    desk = RefereeDesk(tmp_path, "", code="", module="unused")
    code = "export function twice(number) {\n  return number + 2;\n}\n"
    (desk.root / "sums.js").write_text(code)
    (desk.root / "package.json").write_text('{"type": "module", "scripts": {"test": "node --test"}}')
    desk.place = "sums.js:1"
    right = code.replace("+", "*")
    final, notices, decided = await desk.answer(right, run=True, words="twice(5) returns 7 instead of 10")
    assert notices == [
        TOLD.replace("word_count('')", "twice(5)").replace("1, w", "7, w").replace("0)", "10)")
    ]
    assert answer_view(decided, final).proof_line == (
        "Proof: tests. The test of what you expect: `twice(5)` gives 10 (before: 7); tests pass: 0 before, "
        "1 now; it changes all similar calls: `twice(0)`: 2 becomes 0, `twice(1)`: 3 becomes 2, "
        "`twice(4)`: 6 becomes 8 and 1 more."
    )
    changed = after(final)
    assert changed["sums.js"] == right
    assert "assert.equal(twice(5), 10);" in changed["sums.test.js"]


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        (
            "word_count('') = 0",
            "--expect takes a call of `word_count`, == and the expected literal, not \"word_count('') = "
            '0": write it as in --expect "word_count(\'\') == 0".',
        ),
        (
            "len('') == 0",
            "--expect takes a call of `word_count`, == and the expected literal, not \"len('') == 0\": "
            "write it as in --expect \"word_count('') == 0\".",
        ),
    ],
)
def test_what_is_no_call_and_value_is_refused_with_an_example(tmp_path: Path, expect: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        desk_of(tmp_path).decide(words="", expect=expect)
    assert str(refused.value) == said


def test_other_languages_are_refused(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    (desk.root / "words.go").write_text("package words\n\nfunc Count(text string) int {\n\treturn 1\n}\n")
    with pytest.raises(UserError, match="is for Python, TypeScript, JavaScript and Rust, not for go: say in"):
        desk.decide(place="words.go:3", words="", expect='Count("") == 0')
    assert desk.decide(place="words.go:3", words='Count("") returns 1 instead of 0').found is None


async def test_a_value_is_tried_once_the_user_agrees(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    desk.agrees = False
    _, notices, _ = await desk.answer(RIGHT, words="", expect="word_count('') == 0")
    assert notices == ["The edit is not checked by running: `--run` runs the code, on a copy."]
    assert len(desk.asked) == 1
