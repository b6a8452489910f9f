"""A question of an agent to the model on this machine. Nothing leaves for it; the answer goes to the agent.

A text may leave only where all that it derives from may. So the model is shown nothing of what a rule keeps
from the agent's model, though it could read all.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assist_escalation.errors import RefusedError
from assist_gateway.mcp_server.answers import kept_words, redact_places
from assist_gateway.mcp_server.result_text import ShownPlace, within
from assist_gateway.mcp_server.served_folder import FolderView, ServedFolder
from assist_gateway.sentences import inert_line
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.events import AnswerSink
from assist_server.questions.outbound_files import list_files
from assist_server.questions.session import BY_FACTS, AnswerSession
from assist_server.questions.targets import QuestionFolders
from assist_server.wording.answers import progress_words
from assist_server.wording.sanitize import harmless

if TYPE_CHECKING:
    from assist_server.questions.session import LocalLoader

BY_INDEX = "The index answers this reliably: ask `references` or `definition`."
TRUST = "{} wrote this on this machine. Small models are often wrong: check the listed lines first."
_TRIES = 2  # the second one without files that only git, or their other names, keep


async def ask_local(
    folder: ServedFolder, words: str, ceiling: int, load: "LocalLoader", tell: Callable[[str], None]
) -> str:
    """The answer of the model on this machine, with what it was shown. Raises as answerers do."""
    decided = await folder.look_up(lambda view: _decide(view, words))
    if decided.decision.cause == BY_FACTS:
        return BY_INDEX
    notices: list[str] = []
    sink = AnswerSink(notice=notices.append, progress=lambda progress: tell(progress_words(progress)))
    final = await AnswerSession(load, sink=sink).answer(decided)
    text = "\n".join(filter(None, [final.text.strip(), *notices, TRUST.format(final.model)]))
    places = [ShownPlace("", 0, text=text)]
    places += [ShownPlace(source.path, source.first, source.name) for source in final.sources]
    said, *sources = await folder.look_up(lambda view: redact_places(view, places))
    shown = ", ".join(f"{place.path}:{place.line}" for place in sources)
    shown = inert_line(f"Shown: {shown}") if shown else ""
    return within("\n".join(filter(None, [harmless(said.text), shown])), ceiling)


def _decide(view: FolderView, words: str) -> AnswerContext:
    """The question with its evidence, of which nothing is kept from the agent's model."""
    if view.shown.closed:
        raise RefusedError("policy", kept_words(view.shown.closed))
    root = view.corpus.root
    inputs = decision_inputs(view.config, [root], [root])
    for _ in range(_TRIES):
        decided = decide(
            Question("ask", words, wish="local", prose=True),
            QuestionFolders(view.corpus),
            inputs,
            needs_answer=False,
        )
        kept = view.shown.reasons_to_keep(list_files(decided.local.prompt.spans).get(root, {}))
        if not kept:
            return decided
        view.shown.hide(kept)
    raise RefusedError("policy", kept_words(next(iter(kept.values()))))
