"""The next edit as a candidate: what it answers after the changes of a commit further up."""

from assist_evaluation.candidates.next_edit import NextEditCandidate
from assist_evaluation.candidates.spec import parse_candidate
from assist_evaluation.judging.score import score
from assist_evaluation.tasks import EvalTask, TaskTexts

CALLS = [f"{name} = store.load_user({name})\n" for name in ("author", "editor", "owner", "guest")]
MADE = [each.replace("load_user", "fetch_user") for each in CALLS]
TASK = EvalTask("next-000000000001", "next", "a" * 40, "b" * 40, "people.py", "python", 4, 4)


async def test_the_next_of_alike_changes_is_made_at_its_place() -> None:
    texts = TaskTexts("".join(MADE[:3]), "# end\n", MADE[3], CALLS[3], start="".join([*CALLS, "# end\n"]))
    answer = await NextEditCandidate("balanced").answer(TASK, texts)
    assert score(TASK, texts, answer).numbers == {"right": 1.0, "place": 1.0, "similarity": 1.0}
    assert answer.confidence is not None
    assert answer.confidence >= 0.4


async def test_without_an_earlier_change_nothing_is_offered() -> None:
    before, after = "".join(CALLS[:3]), "# end\n"
    answer = await NextEditCandidate("eager").answer(
        TASK, TaskTexts(before, after, MADE[3], CALLS[3], start="".join([before, CALLS[3], after]))
    )
    assert (answer.text, answer.reason) == ("", "nothing is likely enough")


def test_it_is_written_without_a_name() -> None:
    spec = parse_candidate("next-edit,mode=eager")
    assert (spec.source, spec.mode, spec.kinds) == ("next-edit", "eager", ("next",))
