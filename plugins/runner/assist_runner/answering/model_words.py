"""What models are told about tests of their edits: the model on this machine, and a provider."""

from collections.abc import Sequence

from assist_escalation.policy.verdict import judge
from assist_escalation.prompts import Origin, Prompt, Span
from assist_runner.referee.edit_proof import EditVerdict
from assist_server.questions.decision import AnswerContext
from assist_server.questions.provider_answer import MAX_SAID


def leaving_words(context: AnswerContext, verdict: EditVerdict, proof: str, paths: Sequence[str]) -> str:
    """What the provider learns about the checks of its edit, on a copy with the files `paths`.

    What tests print may hold what any of these files says. If a rule keeps one of them here, only the names
    of tests leave, without their parameters, and only those in files that may leave.
    """
    tests = verdict.tests
    said = "\n".join((proof, *(tests.said if tests else ())))[:MAX_SAID]
    if _may_leave(context, paths):
        return said
    wrong = sorted({name.split("[", 1)[0] for name in (tests.broken | tests.left if tests else ())})
    named = [name for name in wrong if "::" not in name or _may_leave(context, [name.split("::", 1)[0]])]
    return "\n".join((f"tests that fail with it: {len(wrong)}", *named))[:MAX_SAID]


def _may_leave(context: AnswerContext, paths: Sequence[str]) -> bool:
    prepared = context.prepared
    if prepared is None:
        return False
    permissions = prepared.request.permissions
    if not permissions.deny and not any(author.globs for author in permissions.classes):
        return True  # a copy has no file that never leaves anyway
    spans = tuple(Span("", Origin("file", path, context.root)) for path in paths)
    return judge(Prompt(prepared.request.prompt.command, spans), permissions, prepared.provider).allowed


def failing_words(test: str, said: str) -> str:
    """What the prompt says of a test that fails: its code, and what it prints."""
    shown = [f"This test fails:\n```\n{test.rstrip()}\n```"] if test else []
    shown += [f"The tests say:\n{said}"] if said else []
    return "\n".join(shown)
