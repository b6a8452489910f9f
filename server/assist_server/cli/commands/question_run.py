"""One question at the terminal: decided, shown before it is sent, answered as a stream, and applied.

Results go to stdout and everything else to stderr. With --json, stdout gets one document and nothing else.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from assist_context.unseen_characters import visible
from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.errors import EscalationError
from assist_escalation.routing.router import Decision
from assist_server.cli.commands.question_facts import keep
from assist_server.cli.commands.question_place import (
    NO_CONTEXT,
    QuestionContext,
    TerminalQuestion,
    asking_folders,
    folders_of_question,
    place_of_question,
    set_folder_target,
)
from assist_server.cli.flags import Asking, directory, settings
from assist_server.cli.output import (
    SIGN_S,
    begin_passing,
    emit,
    end_passing,
    out,
    say,
    say_lines,
    show_passing,
)
from assist_server.cli.piped_input import DASH, PipedInput, piped_input, piped_span
from assist_server.cli.terminal.answers import (
    confirm,
    is_terminal,
    say_edit,
    show_edit,
    show_page,
    show_sources,
    stream_markdown,
)
from assist_server.cli.terminal.tables import facts, show_facts
from assist_server.config.config import Config
from assist_server.config.run_consent import RunRequest, consent_lines
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.local_model.on_demand_model import OnDemandModel
from assist_server.questions.composition import DecisionInputs, decision_inputs, model_file
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question, draft
from assist_server.questions.events import AnswerProgress, AnswerSink, FactsFound, FinalAnswer, PlacesFound
from assist_server.questions.instructions import DIFFS
from assist_server.questions.session import AnswerSession, record_happening
from assist_server.questions.targets import QuestionFolders
from assist_server.records.edit_history import apply_edit, finish_interrupted
from assist_server.threads.attachments import read_attachment
from assist_server.threads.thread import Thread
from assist_server.threads.thread_files import thread_files
from assist_server.wording.answers import (
    AnswerView,
    answer_document,
    answer_header,
    answer_view,
    progress_words,
)
from assist_server.wording.edit_previews import edit_warnings
from assist_server.wording.requests import payload_text, preview_lines, route_document, route_facts

STDIN = 0
UNASKED = (
    "--yes does not cover this edit, and there is no terminal to ask on: run the command in a terminal, "
    "without redirecting stdin or stderr"
)
AGAIN = "\n\n---\n\n"  # between an answer that was given up and the next one


def run(
    command: str, target: str, texts: tuple[str, str], flags: Asking, context: QuestionContext = NO_CONTEXT
) -> None:
    """Answer one question, from the user's words and a `-`. Raises errors that `main` maps to exit codes."""
    words, pipe = _words_and_pipe(*texts)
    if command == "ask" and not words.strip() and not pipe.text:
        raise UserError('Ask something, as in `assist ask "where are prices rounded?"`.')
    config = settings(offline=flags.offline, model=flags.model)
    request = TerminalQuestion(command, target, words, pipe, context, users=command == "test")
    decided = decide_run(config, request, flags)
    if flags.dry_run:
        show_decision(decided, flags)
        return
    final, notices = answer_once(decided, flags)
    finish_run(decided, flags, final, notices)


def decide_run(config: Config, request: TerminalQuestion, flags: Asking) -> AnswerContext:
    """A question with its decision. What is wrong in the rules is said on stderr."""
    root = directory(flags.workspace)
    request = set_folder_target(root, request)
    context = request.context
    place = place_of_question(config, root, request)
    with folders_of_question(config, place, request) as (folders, target):
        corpus = folders.corpus
        attachments = tuple(read_attachment(name, root, [corpus.root]) for name in context.files)
        inputs = decision_inputs(config, folders.roots, asking_folders(root, request))
        for problem in inputs.problems:
            say(f"assist: {problem}")
        for note in finish_interrupted(config, corpus.root):
            say(f"assist: {note}")
        question = Question(
            request.command,
            _add_expectation(request.words, context.expect),
            target,
            (piped_span(request.piped.text),) if request.piped.text else (),
            flags.wish,
            flags.provider,
            request.piped.size,
            thread=_add_code(_find_thread(config, context, corpus.root), folders, inputs),
            attachments=attachments,
            run=context.run,
            test_command=context.test_command,
            expect=context.expect,
            prose=context.prose,
        )
        return decide(question, folders, inputs, needs_answer=not flags.dry_run)


def _add_expectation(words: str, expect: str) -> str:
    """The user's words with the value that a call should give, which a model has to know too."""
    return "\n".join(filter(None, (words, expect and f"This should hold: {expect}")))


def _find_thread(config: Config, context: QuestionContext, root: str) -> Thread | None:
    """The conversation that a question goes on with; None for a new one without a name."""
    files = thread_files(config)
    if context.last:
        return files.last(root)
    return files.find(context.name, root) if context.name else context.thread


def _add_code(thread: Thread | None, folders: QuestionFolders, inputs: DecisionInputs) -> Thread | None:
    """The conversation with the code of its first question: where facts answered that, none was gathered."""
    if thread is None or not thread.turns or thread.turns[0].spans:
        return thread
    first = Question(thread.turns[0].command, thread.turns[0].words)
    spans = draft(first, folders, inputs.local.tokens, small=True).turn_prompt.spans
    return replace(thread, turns=(replace(thread.turns[0], spans=spans), *thread.turns[1:]))


def show_decision(context: AnswerContext, flags: Asking) -> None:
    """Return who would answer and what would be sent, with the text itself if it is asked for."""
    text = payload_text(context.prepared) if context.prepared else ""
    if flags.as_json:
        emit({**route_document(context), **({"text": text} if flags.show_text else {})})
        return
    facts(route_facts(context))
    if flags.show_text:
        out(f"\n{text}" if text else "Nothing would be sent.")


def _words_and_pipe(words: str, dash: str) -> tuple[str, PipedInput]:
    """The user's words, and what is piped in; a `-` may also take the place of the words."""
    if dash not in ("", DASH):
        raise UserError(f"{dash!r} is one argument too many: put your question in quotes.", WRONG_USAGE)
    piped = piped_input(STDIN, is_asked=DASH in (words, dash))
    if piped.notice:
        say(f"assist: {piped.notice}")
    return "" if words == DASH else words, piped


def answer_once(context: AnswerContext, flags: Asking) -> tuple[FinalAnswer, list[str]]:
    """The same as `answer_run`, with a model that is closed afterwards."""

    async def answer() -> tuple[FinalAnswer, list[str]]:
        local = local_model(context.inputs.config)
        try:
            return await answer_run(context, flags, local)
        finally:
            local.close()

    return asyncio.run(answer())


async def answer_run(
    context: AnswerContext, flags: Asking, local: OnDemandModel
) -> tuple[FinalAnswer, list[str]]:
    """Show the answer as it arrives, but one about a diff; return its end and the notices."""

    async def confirm_request(request: AnswerContext) -> bool:
        return _confirm_request(request, flags)  # no other task runs here, and Ctrl-C must end it

    async def confirm_run(request: RunRequest) -> bool:
        return _confirm_run(request, flags)

    is_shown = context.question.command not in DIFFS and not context.local.form.kind
    streams = is_shown and not flags.as_json
    with stream_markdown() if streams else nullcontext(None) as write:
        display = _Display(write)
        session = AnswerSession(local.load, confirm_request, display.sink(), confirm_run=confirm_run)
        final = await session.answer(context)
        end_passing()
    return final, display.notices


def local_model(config: Config) -> OnDemandModel:
    """The model on this machine, opened when it is first needed."""
    return OnDemandModel(config, partial(model_file, config), show_passing)


class _Display:
    """Shows an answer as it comes, and keeps its notices."""

    def __init__(self, write: Callable[[str], None] | None) -> None:
        self.notices: list[str] = []
        self._streams = write is not None
        self._write = write or (lambda _: None)
        self._started = False
        self._shows_text = False
        self._told = False  # a pipe knows that the model reads for long
        self._model = ""

    def sink(self) -> AnswerSink:
        """Find where the answer goes."""
        return AnswerSink(self.text, self.notice, self.progress, self.restart, self.facts)

    def facts(self, event: FactsFound | PlacesFound) -> None:
        """Show what is known before any model is asked."""
        if self._streams:
            end_passing()
            show_facts(*answer_header(event))
            out("")

    def restart(self, _decision: Decision, model: str) -> None:
        """Say which model is asked, and draw a line below an answer that was given up."""
        if self._started:
            self._write(AGAIN)
        self._started = True
        self._model = Path(model).name
        if not self._shows_text:
            show_passing(f"asking {self._model}")

    def text(self, text: str) -> None:
        """Show more of the answer."""
        if text and self._streams:
            end_passing()
            self._shows_text = True
        self._write(text)

    def notice(self, text: str) -> None:
        """Say it, and keep it."""
        self.notices.append(text)
        say(text)

    def progress(self, progress: AnswerProgress) -> None:
        """Show what the model does; a pipe is told at once, and once, that it will read for long."""
        if self._shows_text:
            return
        words = ": ".join(filter(None, (self._model, progress_words(progress))))
        is_long = progress.phase == "reading" and (progress.seconds or 0) >= SIGN_S
        if is_long and not self._told and not sys.stderr.isatty():
            self._told = True
            begin_passing()  # the next sign of life is due after a while again
            say(words)
        else:
            show_passing(words)


def consent_of_flags(context: AnswerContext, flags: Asking, *, terminal: bool) -> bool | None:
    """Return whether the flags allow a request or rule it out; None if the user has to be asked.

    --yes was given before the local model read anything, so it does not cover a second request.
    """
    request = context.prepared
    if context.decision.again:
        return False if request is None or flags.as_json or not terminal else None
    if request is None:
        return False
    return True if flags.yes and request.request.permissions.yes_allowed else None


def _confirm_request(context: AnswerContext, flags: Asking) -> bool:
    """Show what would be sent, and ask whether it may be sent."""
    consent = consent_of_flags(context, flags, terminal=sys.stdin.isatty())
    request = context.prepared
    if flags.show_text and consent is not False and request:
        say_lines(payload_text(request))
    if consent is not None or request is None:
        return bool(consent)
    for line in preview_lines(context):
        say(line)
    if not sys.stdin.isatty():
        say("There is no terminal to ask on. Add --yes to send it, if the policy allows that.")
    return confirm(f"Send this to {request.host}?", lambda: show_page(payload_text(request)))


def _confirm_run(request: RunRequest, flags: Asking) -> bool:
    """Ask whether code of the workspace may be run; no where there is no terminal to ask at."""
    if flags.as_json or not sys.stdin.isatty():
        return False
    end_passing()
    for line in consent_lines(request):
        say(line)
    return confirm("Run it, now and for later tests in this workspace?")


def finish_run(context: AnswerContext, flags: Asking, final: FinalAnswer, notices: list[str]) -> None:
    """Show and make the edit; the last line says which model answered, why, and what it took."""
    if final.thread is not None:
        keep(context.inputs.config, final.thread)
    view = answer_view(context, final)
    plan = final.plan
    is_made = False
    problem: EscalationError | None = final.problem
    if final.problem is not None and final.problem.excerpt:
        say_lines(final.problem.excerpt)
    if plan is not None:
        is_made, problem = _edit(view, flags, plan)
    if flags.as_json:
        document = answer_document(view, notices, is_applied=is_made, problem=problem)
        emit({**document, "thread": final.thread.id if final.thread else None})
    else:
        show_sources(final.sources)
    if plan is not None and problem is None and not flags.as_json:
        names = ", ".join(visible(change.path) for change in plan.changes)
        say(f"Changed {names}. `assist undo` reverts it." if is_made else "Nothing was changed.")
    for line in view.lines:
        say(line)
    if problem is not None:
        what = "The change was made, but it is not in the audit log" if is_made else "Nothing was changed"
        raise UserError(f"{what}: {problem}.".replace("..", "."), is_printed=flags.as_json)


def _edit(view: AnswerView, flags: Asking, plan: EditPlan) -> tuple[bool, EscalationError | None]:
    """Show the edit, and make it if that is allowed. Returns what `_make_edit` does."""
    final = view.final
    beyond_yes = flags.yes and plan.asks
    if not flags.as_json:
        show_edit(plan)
    elif beyond_yes and is_terminal():
        say_edit(plan)  # stdout gets the document alone
    else:
        for warning in edit_warnings(plan):
            say(warning)
    for note in plan.notes:
        say(f"note: {note}")
    if beyond_yes and not is_terminal():
        return False, final.problem or EditError(UNASKED)
    if _may_apply(plan, flags):
        return _make_edit(view, plan)
    if is_terminal() and (flags.yes or not flags.as_json):  # else no one was asked
        record_happening(view.decided, final.decision, "not_applied")
    return False, final.problem


def _make_edit(view: AnswerView, plan: EditPlan) -> tuple[bool, EscalationError | None]:
    """Make the edit. Returns whether it was made, and what went wrong, which may be only the audit log."""
    context = view.decided
    final = view.final
    problem: EscalationError | None = None
    try:
        apply_edit(context.inputs.config, plan, context.root, context.id, view.proof_kind)
    except EditError as error:
        return False, error
    except EscalationError as error:
        problem = error
    record_happening(context, final.decision, "accepted", proof=final.proof_kind)
    return True, problem


def _may_apply(plan: EditPlan, flags: Asking) -> bool:
    """Return whether the user lets an edit be made."""
    if flags.as_json and not flags.yes:
        return False
    if plan.asks:
        return confirm("Make this change?")
    return flags.yes or confirm("Make this change?")
