"""A conversation: what a follow-up reads, how long it may grow, and what of it may leave later."""

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from config_files import PROVIDER, write
from fake_answering_model import open_two_models
from kept_answer import answered
from scripted_model import ScriptedModel

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_escalation.prompts import Origin, Prompt, Span
from assist_server.config.config import load_lenient
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.local_answer import UNCHECKED
from assist_server.questions.targets import QuestionFolders
from assist_server.threads.attachments import Attachment, attached_spans, read_attachment
from assist_server.threads.thread import Thread, ThreadTurn, add_turn, drop_last_turn, new_thread
from assist_server.threads.thread_prompts import earlier_turns, fit_conversation, unseen
from assist_server.wording.requests import payload_text
from assist_server.workspace.index_update import open_folder, update_index

pytestmark = pytest.mark.slow

TAXES = "def tax(net):\n    return net * 0.37\n"
TOTALS = "def total(nets):\n    return sum(net + tax(net) for net in nets)\n"
SYSTEM = Span("Answer the question.", Origin("assist"))


def counting(window: int = 4_000) -> ScriptedModel:
    """A model with a token for each four characters, which numbers its answers."""
    return ScriptedModel(lambda number: [f"Answer {number}."], model="small", window=window, letters=4)


def file_span(text: str, path: str = "taxes.py", first: int = 1, blob: str = "b1") -> Span:
    return Span(text, Origin("file", path, "/work", first, first + text.count("\n") - 1, blob))


def asked(words: str, *evidence: Span) -> Prompt:
    return Prompt("ask", (SYSTEM, *evidence, Span(words, Origin("user"))))


def grown(thread: Thread, prompt: Prompt, text: str, model: ScriptedModel) -> tuple[Thread, Any]:
    found = fit_conversation(thread, prompt, 500, model)
    assert found is not None
    turn = ThreadTurn("ask", prompt.spans[-1].text, found.spans, text)
    return add_turn(thread, turn, found.dropped), found


def test_each_turn_only_adds_to_the_prompt() -> None:
    model = counting()
    thread = new_thread("/work")
    before: tuple[Any, ...] = ()
    for number, evidence in enumerate([(file_span(TAXES),), (), (file_span(TOTALS, "totals.py"),)]):
        thread, found = grown(thread, asked(f"Question {number}?", *evidence), f"Answer {number}.", model)
        turns = found.conversation.turns()
        assert turns[: len(before)] == before
        assert "Question" in turns[-1].text
        before = turns
    assert [turn.role for turn in before] == ["system", *["user", "assistant"] * 2, "user"]
    assert "def tax" in before[1].text


def test_twenty_turns_fit_and_the_first_code_is_kept() -> None:
    model = counting()
    thread = new_thread("/work")
    emptied = 0
    for number in range(20):
        evidence = (file_span(TAXES * 20),) if number == 0 else ()
        before = thread.dropped
        thread, found = grown(thread, asked(f"Question {number}?", *evidence), "words " * 200, model)
        turns = found.conversation.turns()
        assert sum(model.count(turn.text) for turn in turns) <= model.window - 500
        assert "def tax" in turns[1].text
        assert f"Question {number}?" in turns[-1].text
        emptied += thread.dropped > before
    assert thread.dropped > 5
    assert emptied < 8  # the prompt is read again only where several turns go at once


def test_the_first_code_is_cut_only_if_nothing_else_helps() -> None:
    model = counting(1_000)
    thread = new_thread("/work")
    pieces = tuple(file_span(TAXES * 25, f"{name}.py") for name in "ab")
    thread = add_turn(thread, ThreadTurn("ask", "One?", asked("One?", *pieces).spans, "One."), 0)
    more = asked("Two?", file_span(TOTALS * 10, "totals.py"))
    assert fit_conversation(thread, more, 400, model) is None
    found = fit_conversation(thread, more, 400, model, lose=True)
    assert found is not None
    assert (found.dropped, found.lost) == (1, 1)
    assert "a.py" in found.conversation.turns()[1].text


def test_what_was_shown_is_not_shown_again_unless_it_changed() -> None:
    thread = add_turn(new_thread("/work"), ThreadTurn("ask", "", (file_span(TAXES * 3),), "yes"), 0)
    part = file_span(TAXES, first=3)
    changed = file_span(TAXES, first=3, blob="b2")
    assert unseen([part, changed], thread) == (changed,)
    assert unseen([part], drop_last_turn(thread)) == (part,)


def test_an_answer_has_the_origins_of_all_that_its_model_was_shown() -> None:
    thread = add_turn(new_thread("/work"), ThreadTurn("ask", "", (SYSTEM, file_span(TAXES)), "one"), 0)
    thread = add_turn(thread, ThreadTurn("ask", "", (file_span(TOTALS, "totals.py"),), "two"), 0)
    answers = [span for span in earlier_turns(thread).spans if span.origin.source == "answer"]
    paths = [{origin.path for origin in span.origin.derived} for span in answers]
    assert paths == [{"taxes.py"}, {"taxes.py", "totals.py"}]
    assert SYSTEM not in earlier_turns(thread).spans


def test_a_very_long_conversation_reaches_a_provider_in_part() -> None:
    thread = add_turn(new_thread("/work"), ThreadTurn("ask", "", (file_span(TAXES),), "old " * 9_000), 0)
    thread = add_turn(thread, ThreadTurn("ask", "", (), "new " * 4_000), 0)
    found = earlier_turns(thread)
    assert found.left_out == 1
    assert [span.origin.source for span in found.spans] == ["file", "answer"]


async def test_a_follow_up_reads_only_new_tokens() -> None:
    script = "It adds the tax."
    first = asked("What is added?", file_span(TAXES * 10))
    async with open_two_models(script) as d:
        found = fit_conversation(None, first, 200, d.answers)
        assert found is not None
        stream = d.answers.answer(found.conversation)
        text = "".join([piece async for piece in stream])
        all_read = stream.result.tokens.evaluated
        thread = add_turn(new_thread("/work"), ThreadTurn("ask", "", found.spans, text), found.dropped)
        again = fit_conversation(thread, asked("And why?"), 200, d.answers)
        assert again is not None
        stream = d.answers.answer(again.conversation)
        _ = [piece async for piece in stream]
    tokens = stream.result.tokens
    assert tokens.prompt > all_read > 400
    assert tokens.evaluated == len("]\n[user\nAnd why?]\n[assistant\n")


@dataclass
class Workspace:
    """A repository with an index, in which a conversation is led at a provider that is never reached."""

    root: Path
    config: Any

    def decided(self, words: str, thread: Thread | None, *names: str, **more: Any) -> AnswerContext:
        folder = open_folder(self.config, self.root)
        update_index(self.config, folder, lambda _done, _total: None)
        corpus = Corpus(folder.root, IndexReader(folder.database))
        inputs = decision_inputs(self.config, [str(self.root)])
        added = tuple(read_attachment(name, self.root, [folder.root]) for name in names)
        question = Question("ask", words, None, wish="frontier", thread=thread, attachments=added)
        found = decide(replace(question, **more), QuestionFolders(corpus), inputs)
        corpus.reader.close()
        return found


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "repo"
    root.mkdir()
    for name, text in {
        "taxes.py": TAXES,
        "totals.py": TOTALS,
        "other.py": "def other():\n    pass\n",
    }.items():
        (root / name).write_text(text)
    return Workspace(root, configured(tmp_path))


def configured(place: Path, more: str = "") -> Any:
    own = place / "own"
    own.mkdir(exist_ok=True)
    settings = write(own, PROVIDER + "[escalation]\nmode = 'auto'\n" + more)
    return load_lenient({**os.environ, **settings}, ())


def turn_of(found: AnswerContext, text: str) -> ThreadTurn:
    assert found.frontier is not None
    return ThreadTurn("ask", found.question.words, found.frontier.turn, text)


def sent(found: AnswerContext) -> str:
    assert found.prepared is not None, found.decision.why
    return found.prepared.messages.user


def forbid_taxes(workspace: Workspace, kind: str) -> None:
    """Keep a file here by an ignore file, or by a glob of the user's."""
    if kind == "ignored":
        (workspace.root / ".assistignore").write_text("taxes.py\n")
    else:
        workspace.config = configured(workspace.root.parent, "[egress]\ndeny = ['taxes.py']\n")


@pytest.mark.parametrize("kind", ["ignored", "denied"])
def test_a_file_that_is_denied_at_turn_three_is_left_out_then_with_what_derives_from_it(
    workspace: Workspace, kind: str
) -> None:
    (workspace.root / "taxes.py").unlink()
    (workspace.root / "totals.py").unlink()
    first = workspace.decided("what does `other` do?", None)
    (workspace.root / "taxes.py").write_text(TAXES)
    (workspace.root / "totals.py").write_text(TOTALS)
    thread = add_turn(new_thread(str(workspace.root)), turn_of(first, "Nothing at all."), 0)
    second = workspace.decided("and what does `tax` do?", thread)
    assert "0.37" in sent(second)
    assert "Nothing at all." in sent(second)
    thread = add_turn(thread, turn_of(second, "It takes 37 percent."), 0)
    third = workspace.decided("and what does `total` do?", thread)
    assert "It takes 37 percent." in sent(third)
    forbid_taxes(workspace, kind)
    third = workspace.decided("and what does `total` do?", thread)
    assert "0.37" not in sent(third)
    assert "It takes 37 percent." not in sent(third)
    assert "Nothing at all." in sent(third)
    assert "def total" in sent(third)
    assert third.frontier is not None
    assert [name for name, _ in third.frontier.left_out] == ["taxes.py", "an earlier answer"]


@pytest.mark.parametrize("kind", ["ignored", "denied"])
def test_a_denied_file_does_not_enter_at_turn_three(workspace: Workspace, kind: str) -> None:
    forbid_taxes(workspace, kind)
    thread = new_thread(str(workspace.root))
    for words in ("what does `other` do?", "and what does `total` do?", "and what does `tax` do?"):
        found = workspace.decided(words, thread)
        assert "0.37" not in sent(found)
        thread = add_turn(thread, turn_of(found, "So it is."), 0)
    assert sent(found).count("So it is.") == 2


def test_a_conversation_that_was_to_stay_here_stays(workspace: Workspace) -> None:
    first = workspace.decided("what does `other` do?", None)
    thread = add_turn(new_thread(str(workspace.root)), replace(turn_of(first, "No."), stays=True), 0)
    kept = workspace.decided("and why is that?", thread)
    assert (kept.prepared, kept.decision.target) == (None, "refused")
    assert "limited to this machine" in kept.decision.why
    workspace.config = configured(workspace.root.parent, "always_local = ['test']\n")
    thread = add_turn(new_thread(str(workspace.root)), replace(turn_of(first, "No."), command="test"), 0)
    kept = workspace.decided("and why is that?", thread)
    assert "always_local" in kept.decision.why


def test_a_conversation_with_a_kind_that_always_asks_is_asked_about(workspace: Workspace) -> None:
    workspace.config = configured(workspace.root.parent, "always_ask = ['explain']\n")
    first = workspace.decided("what does `other` do?", None)
    thread = add_turn(new_thread(str(workspace.root)), turn_of(first, "No."), 0)
    second = workspace.decided("and why is that?", thread)
    assert not second.decision.asks
    thread = add_turn(thread, replace(turn_of(first, "No."), command="explain"), 0)
    third = workspace.decided("and why is that?", thread)
    assert third.decision.asks


def test_an_earlier_answer_is_named_in_the_text_that_is_shown_with_the_classes_of_its_files(
    workspace: Workspace,
) -> None:
    workspace.config = configured(workspace.root.parent, "[data_class]\n'other.py' = 'public'\n")
    first = workspace.decided("what does `other` do?", None)
    thread = add_turn(new_thread(str(workspace.root)), turn_of(first, "Nothing."), 0)
    second = workspace.decided("and why is that?", thread)
    assert second.prepared is not None
    assert "# an earlier answer (internal, public)\n" in payload_text(second.prepared)


def test_a_secret_of_an_earlier_answer_is_redacted_again(workspace: Workspace) -> None:
    key = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
    first = workspace.decided("what does `other` do?", None)
    thread = add_turn(new_thread(str(workspace.root)), turn_of(first, f"It uses {key} for that."), 0)
    second = workspace.decided("and why is that?", thread)
    assert "for that." in sent(second)
    assert key not in sent(second)


def test_a_named_file_is_shown_whole_and_prevents_a_request_that_may_not_have_it(
    workspace: Workspace,
) -> None:
    found = workspace.decided("what is this?", None, "other.py")
    assert "def other" in sent(found)
    (workspace.root / ".assistignore").write_text("other.py\n")
    refused = workspace.decided("what is this?", None, "other.py")
    assert refused.prepared is None
    assert "other.py" in refused.decision.why
    assert "def other" in "".join(span.text for span in refused.local.prompt.spans)


@pytest.mark.parametrize("rules", ["[egress]\ndeny = ['notes*']\n", "[data_class]\n'notes*/**' = 'secret'\n"])
def test_rules_about_a_link_hold_for_what_a_user_adds_by_it(workspace: Workspace, rules: str) -> None:
    (workspace.root / "sub").mkdir()
    (workspace.root / "sub" / "inner.py").write_text("def inner():\n    return 0.19\n")
    (workspace.root / "notes.py").symlink_to("other.py")
    (workspace.root / "notes").symlink_to("sub")
    for name, text in (("notes.py", "def other"), ("notes", "def inner"), ("notes/inner.py", "0.19")):
        found = workspace.decided("what is this?", None, name)
        assert text in sent(found)
    workspace.config = configured(workspace.root.parent, rules)
    for name in ("notes.py", "notes/inner.py") if "deny" in rules else ("notes/inner.py",):
        refused = workspace.decided("what is this?", None, name)
        assert refused.prepared is None, name
    found = workspace.decided("what does `other` do?", None, "notes")
    assert "def inner" not in (found.prepared.messages.user if found.prepared else "")


def test_a_file_of_another_place_stays_on_this_machine(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "far.py").write_text("FAR = 1\n")
    found = workspace.decided("what is this?", None, str(tmp_path / "far.py"))
    assert found.prepared is None
    assert "FAR = 1" in "".join(span.text for span in found.local.prompt.spans)


def test_a_folder_is_shown_by_outlines_and_a_long_file_in_part(workspace: Workspace) -> None:
    (workspace.root / "sub").mkdir()
    (workspace.root / "sub" / "inner.py").write_text("def inner():\n    return 7\n")
    long = "".join(f"def function_{n}(a):\n    return {n}\n\n\n" for n in range(2_000))
    (workspace.root / "long.py").write_text(long)
    found = workspace.decided("what is this?", None, "sub", "long.py")
    shown = sent(found)
    assert "def inner" in shown
    assert "long.py" in shown
    assert found.frontier is not None
    assert any("long.py has 8,000 lines" in note for note in found.frontier.notes)
    corpus = Corpus(str(workspace.root), IndexReader(open_folder(workspace.config, workspace.root).database))
    spans = attached_spans([corpus], [Attachment(str(workspace.root), "long.py")], "function_700", 600).spans
    corpus.reader.close()
    assert any("def function_700" in span.text for span in spans)
    assert sum(len(span.text) for span in spans) < 2_000


async def turns_of(workspace: Workspace, model: ScriptedModel, asked: list[str]) -> tuple[list[str], Thread]:
    notices: list[str] = []
    thread: Thread | None = None

    async def local() -> Any:
        return model

    for words in asked:
        decided = await asyncio.to_thread(workspace.decided, words, thread, wish="local", prose=True)
        decided = replace(decided, decision=replace(decided.decision, target="local"))
        final, kept = await answered(decided, local)
        notices += kept.notices
        thread = final.thread
        assert all(text == "" or text.startswith(("Answer", UNCHECKED)) for text in kept.all_of("text"))
    assert thread is not None
    return notices, thread


async def test_twenty_questions_are_one_conversation_and_its_limits_are_said(workspace: Workspace) -> None:
    model = counting(1_800)
    words = ["what does `tax` do?", *(f"why is that? {'x' * 90} {n}" for n in range(19))]
    notices, thread = await turns_of(workspace, model, words)
    assert len(thread.turns) == len(model.asked) == 20
    assert all("def tax" in each.turns()[1].text for each in model.asked)
    assert any("no longer sees its first" in each and "is kept" in each for each in notices)
    assert model.asked[1].turns()[: len(model.asked[0].turns())] == model.asked[0].turns()
