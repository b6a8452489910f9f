"""The conversation for the model on this machine, with as much code and as many turns as fit its window."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError
from assist_completion.inference.conversation import Conversation
from assist_escalation.prompts import Prompt
from assist_server.questions.decision import Draft
from assist_server.questions.instructions import LOCAL_ANSWERS
from assist_server.threads.thread import Thread
from assist_server.threads.thread_prompts import FittedConversation, fit_conversation

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer

KEPT_SHARE = 0.7  # of its code, which a prompt keeps each time it does not fit the local model's window
TRIES = 6


def fitting_conversation(draft: Draft, thread: Thread | None, local: "Answerer[Any]") -> FittedConversation:
    """The question for the local model, with what fits. `CompletionError` if nothing does.

    The code in question is dropped last.
    """
    spans = draft.turn_prompt.spans
    files = [span for span in spans if span.origin.source == "file"]
    most = min(LOCAL_ANSWERS[draft.prompt.command], local.window // 2)
    for lose in (False, True):
        shown = [*(span for span in draft.evidence.spans if span in files)]
        shown += [span for span in files if span not in shown]
        for _ in range(TRIES):
            kept = set(shown)
            new = tuple(span for span in spans if span.origin.source != "file" or span in kept)
            prompt = Prompt(draft.prompt.command, new)
            if found := fit_conversation(thread, prompt, most, local, lose=lose):
                return replace(found, conversation=_with_form(draft, found))
            if len(shown) <= 1:
                break
            shown = shown[: max(1, int(len(shown) * KEPT_SHARE))]
    raise CompletionError(
        f"The code in question is too long for {local.model}, which reads {local.window - most:,} tokens: "
        "ask about less of it."
    )


def _with_form(draft: Draft, found: FittedConversation) -> Conversation:
    """The conversation whose answer has the form of the draft."""
    ending = draft.form.fence if draft.beginning else ""
    return replace(found.conversation, beginning=draft.beginning, ending=ending, draft=draft.old)
