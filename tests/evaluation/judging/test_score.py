"""What answers are worth: layout does not count, what comes after the statement neither, tests come first."""

import doctest

import pytest

from assist_context.languages import language_of
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.judging import texts as texts_module
from assist_evaluation.judging.score import TaskScore, is_right, preference, score
from assist_evaluation.judging.texts import statement
from assist_evaluation.tasks import EvalTask, TaskTexts


def task(kind: str = "lines", path: str = "a.py") -> EvalTask:
    return EvalTask("t", kind, "c", "", path, "python", 2, 2)  # type: ignore[arg-type]


LINE = TaskTexts("def f(a):\n    return ", "\n\n\nx = 1\n", "g(\n        a,\n        1,\n    )\n    # done")


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("g(\n        a,\n        1,\n    )\n    # done", 1.0),
        ("g(a, 1)", 1.0),
        ("g( a , 1 )\nprint()", 1.0),
        ("g(a, 2)", 0.0),
        ("g(a, 1) + 1", 0.0),
        ("", 0.0),
        ("   ", 0.0),
    ],
)
def test_a_line_is_compared_to_the_end_of_the_statement(text: str, exact: float) -> None:
    assert score(task(), LINE, EvalAnswer(text=text)).numbers["exact"] == exact


def test_kept_counts_only_what_is_shown_and_right() -> None:
    plain = TaskTexts("a = ", "\n", "compute(b)")
    held = score(task(), plain, EvalAnswer(text="compute(b)", shown=""))
    assert (held.numbers["exact"], held.numbers["kept"], held.numbers["wrong"]) == (1.0, 0.0, 0.0)
    half = score(task(), plain, EvalAnswer(text="compute(x)", shown="compute(x)"))
    assert half.numbers["kept"] == pytest.approx(0.8)
    assert half.numbers["wrong"] == 1.0
    part = score(task(), plain, EvalAnswer(text="compute", shown="compute"))
    assert (part.numbers["kept"], part.numbers["wrong"]) == (pytest.approx(0.7), 0.0)


def test_an_edit_counts_where_it_reaches_beyond_the_hole() -> None:
    own = TaskTexts("a = 1\n", "c = 3\n", "b = 20\n", "b = 2\n")
    exact = score(task("edits"), own, EvalAnswer(file="a = 1\nb = 20\nc = 3\n"))
    assert (exact.score, exact.numbers["exact"], exact.numbers["parses"]) == (1.0, 1.0, 1.0)
    wide = score(task("edits"), own, EvalAnswer(file="a = 1\nb = 20\nc = 99999\n"))
    assert wide.score < 1
    assert 0 < wide.numbers["similarity"] < 1
    broken = score(task("edits"), own, EvalAnswer(file="a = 1\nb = (20\nc = 3\n"))
    assert broken.numbers["parses"] == 0.0
    assert not is_right("edits", broken)
    nothing = score(task("edits"), own, EvalAnswer(reason="no answer"))
    assert (nothing.score, nothing.numbers["parses"]) == (0.0, 0.0)


def test_an_edit_that_changes_nothing_gains_nothing_in_a_long_hole() -> None:
    same = "".join(f"value_{number} = {number}\n" for number in range(30))
    own = TaskTexts("", "", same.replace("= 7\n", "= 8\n"), same)
    idle = score(task("edits"), own, EvalAnswer(file=same))
    assert (idle.score, is_right("edits", idle)) == (0.0, False)
    wrong = score(task("edits"), own, EvalAnswer(file=same.replace("value_3 ", "other ")))
    assert (wrong.score, is_right("edits", wrong)) == (0.0, False)
    right = score(task("edits"), own, EvalAnswer(file=own.truth))
    assert (right.score, is_right("edits", right)) == (1.0, True)


def test_bodies_are_judged_by_tests_first() -> None:
    own = TaskTexts("def f():\n    ", "\n", "return 1")
    right = score(task("bodies"), own, EvalAnswer(text="return 2 - 1", counts={"passed": 1.0}))
    alike = score(task("bodies"), own, EvalAnswer(text="return 10", counts={"passed": 0.0}))
    assert preference("bodies", right, alike) == 1.0
    assert is_right("bodies", right)
    assert not is_right("bodies", alike)


def test_the_rank_of_the_right_file_among_ten() -> None:
    own = TaskTexts("", "", "b.py", words="where?")
    places = tuple(f"{number}.py" for number in range(12))
    assert score(task("questions"), own, EvalAnswer(places=("a.py", "a.py", "b.py"))).score == 0.5
    assert score(task("questions"), own, EvalAnswer(places=(*places, "b.py"))).score == 0.0


def test_a_next_edit_is_right_at_its_place_only() -> None:
    own = TaskTexts("a\nb\n", "d\n", "new\n", "old\n")
    assert score(task("next"), own, EvalAnswer(text="new\n", first=3)).score == 1.0
    elsewhere = score(task("next"), own, EvalAnswer(text="new\n", first=2))
    assert (elsewhere.score, elsewhere.numbers["place"], elsewhere.numbers["similarity"]) == (0.0, 0.0, 1.0)


def test_differences_that_no_one_sees_are_a_tie() -> None:
    one = TaskScore(0.90, {"exact": 0.0, "similarity": 0.90})
    other = TaskScore(0.91, {"exact": 0.0, "similarity": 0.91})
    assert preference("lines", one, other) == 0.5
    assert preference("lines", TaskScore(1.0, {"exact": 1.0, "similarity": 1.0}), other) == 1.0


def test_a_statement_may_go_over_lines() -> None:
    go = language_of("a.go")
    assert statement(go, "f(\n\ta,\n)\nreturn") == "f(\n\ta,\n)"
    assert statement(language_of("a.py"), 'x = "("\ny') == 'x = "("'
    assert statement(go, "for _, a := range b {\n\tc()\n}\n") == "for _, a := range b {"
    assert statement(go, "\n  a()\nb()") == "\n  a()"
    assert statement(language_of("a.py"), 'a = """(\n"""\nb') == 'a = """(\n"""'
    assert len(statement(go, "f(" + "a,\n" * 9_000)) <= 4_000


def test_examples() -> None:
    assert doctest.testmod(texts_module).failed == 0
