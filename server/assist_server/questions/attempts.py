"""An answer of the model on this machine, and a second attempt if an edit cannot be made from the first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assist_completion.inference.conversation import Conversation, LocalAnswer, Turn
from assist_completion.inference.doubts import Doubt
from assist_context.documents import split_lines
from assist_escalation.edits.plan import EditError, OtherCodeError, UnchangedError
from assist_escalation.prompts import Origin, Span
from assist_server.questions.decision import DecidedQuestion, Draft
from assist_server.questions.instructions import closing, doubt_words
from assist_server.questions.window_fit import fitting_conversation
from assist_server.threads.thread_prompts import MARKS, FittedConversation

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer


def plain_reason(problem: EditError | None) -> str:
    """What is wrong, without the advice to a person."""
    return str(problem).rstrip(".").removesuffix(": ask again")


async def doubt_of(decided: DecidedQuestion, asked: Conversation, local: "Answerer[Any]") -> Doubt | None:
    """What the local model doubts most in code that it should fix; `asked` holds the code."""
    draft = decided.local
    if draft.prompt.command != "fix" or not draft.old:
        return None
    found = await local.weigh(asked, draft.old)
    return found[0] if found else None


def with_doubt(decided: DecidedQuestion, doubt: Doubt, local: "Answerer[Any]") -> FittedConversation:
    """The question for the local model, with the line that it doubts most.

    The head of the code stays as it is if that line is further down.
    """
    draft = decided.local
    target = decided.question.target
    path = target.lines.path if target else ""
    lines = split_lines(draft.old)
    words = doubt_words(lines[doubt.line], doubt.written.strip(), doubt.expected.strip())
    hint = Span(words, Origin("editor", path, decided.root))
    *turn, last = draft.turn_prompt.spans
    hinted = replace(draft, turn=(*turn, hint, last))
    found = fitting_conversation(hinted, decided.question.thread, local)
    head = lines[0] if doubt.line else ""
    asked = replace(found.conversation, beginning=draft.beginning + head, draft=draft.old.removeprefix(head))
    return replace(found, conversation=asked)


@dataclass(frozen=True, slots=True)
class SecondAttempt:
    """What a second try starts from, apart from the first."""

    draft: Draft
    doubt: Doubt | None
    local: "Answerer[Any]"


def second_attempt(
    asked: Conversation, given: Sequence[LocalAnswer], problem: EditError | None, base: SecondAttempt
) -> Conversation | None:
    """The same question once more, with what was wrong; None if nothing was, or where there is no room.

    The conversation goes on, so that the model reads only what is new, and does not give the same answer. If
    it changed nothing, the new answer differs at the place that the model doubts most; if it was other code,
    the new answer begins with the old code, up to its name.
    """
    last = given[-1]
    draft, doubt, local = base.draft, base.doubt, base.local
    endless = ("cancelled", "length", "loop") if draft.form.kind == "file" else ("cancelled", "length")
    if problem is None or len(given) > 1 or last.ended in endless:
        return None
    wish = "\n".join(span.text for span in draft.turn_prompt.spans if span.origin.source == "user")
    reason = f"That answer cannot be used: {plain_reason(problem)}."
    words = "\n\n".join((reason, wish, closing(draft.prompt.command, draft.form)))
    read = last.tokens.prompt + last.tokens.generated + local.count(words) + 2 * MARKS
    if read + asked.max_tokens > local.window:
        return None
    turns = (*asked.history, Turn("user", asked.user), Turn("assistant", last.text))
    again = replace(asked, user=words, history=turns)
    if isinstance(problem, OtherCodeError) and (head := _head(draft)):
        return replace(again, beginning=draft.beginning + head, draft=draft.old.removeprefix(head))
    if doubt is None or not isinstance(problem, UnchangedError):
        return again
    beginning = draft.beginning + draft.old[: doubt.start] + doubt.expected
    return replace(again, beginning=beginning, draft=draft.old[doubt.start + len(doubt.written) :])


def _head(draft: Draft) -> str:
    """The old code up to the end of its name, "" if it has none or the user's own words say the name."""
    name = re.escape(draft.whole.name) if draft.whole and draft.whole.name else ""
    asked = "".join(span.text for span in draft.prompt.spans if span.origin.source == "user")
    if not name or re.search(rf"\b{name}\b", asked):
        return ""
    found = re.match(rf"(?:[ \t]*(?:[@#]|//|/?\*|--).*\n)*[^\n]*?\b{name}\b", draft.old)
    return found[0] if found else ""


def sum_of(given: Sequence[LocalAnswer]) -> LocalAnswer:
    """The last of several answers, with what all of them took."""
    last = given[-1]
    tokens = replace(
        last.tokens,
        evaluated=sum(each.tokens.evaluated for each in given),
        generated=sum(each.tokens.generated for each in given),
    )
    return replace(last, tokens=tokens, ms=replace(last.ms, first=given[0].ms.first))
