"""The conversation for the model on this machine, with as much code as fits its window."""

from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError
from assist_completion.inference.conversation import Conversation
from assist_escalation.prompts import Prompt, Span, lay_out_plainly
from assist_server.questions.decision import Draft
from assist_server.questions.instructions import ANSWERS

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer

CHAT_TOKENS = 32  # tokens of the chat template's own marks
KEPT_SHARE = 0.7  # of its code, which a prompt keeps each time it does not fit the local model's window
TRIES = 6


def fitting_conversation(draft: Draft, local: "Answerer[Any]") -> tuple[Conversation, tuple[Span, ...]]:
    """The question for the local model, and the spans in it. `CompletionError` if it never fits."""
    command = draft.prompt.command
    spans = draft.prompt.spans
    shown = [span for span in draft.evidence.spans if span.origin.source == "file"]
    most = min(ANSWERS[command], local.window // 2)
    for _ in range(TRIES):
        kept = set(shown)
        prompt = Prompt(
            command, tuple(span for span in spans if span.origin.source != "file" or span in kept)
        )
        messages = lay_out_plainly(prompt)
        if local.count(messages.system) + local.count(messages.user) + CHAT_TOKENS <= local.window - most:
            conversation = Conversation(
                messages.system,
                messages.user,
                most,
                beginning=draft.beginning,
                ending=draft.form.fence if draft.beginning else "",
                draft=draft.old,
            )
            return conversation, prompt.spans
        if len(shown) <= 1:
            break
        shown = shown[: max(1, int(len(shown) * KEPT_SHARE))]
    raise CompletionError(
        f"The code in question is too long for {local.model}, which reads {local.window - most:,} tokens: "
        "ask about less of it."
    )
