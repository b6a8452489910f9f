"""Which files are left out of a request, so that a provider may see the rest of it.

It only takes texts away: what remains is judged whole by `prepare`, as if this module did not exist.
"""

from collections.abc import Collection, Mapping, Sequence

from assist_escalation.gate.prepare import ProviderRequest
from assist_escalation.policy.verdict import judge
from assist_escalation.prompts import Prompt, Span

FileInFolder = tuple[str, str]  # its folder, and its path there


def withheld_files(
    request: ProviderRequest, files: Mapping[FileInFolder, Sequence[Span]]
) -> dict[FileInFolder, str]:
    """Why files are left out, by file: none if all may be sent, or if leaving them out does not help.

    `files` has the spans of each file that the request can do without; a span without text is one more name
    of the file. An earlier answer that derives from a file is left out with it. A request that would be left
    without any text of a file is not helped.
    """
    prompt = request.prompt
    permissions = request.permissions
    providers = [request.provider] if request.provider else list(permissions.providers)
    if any(judge(prompt, permissions, name).allowed for name in providers):
        return {}
    for name in providers:
        verdicts = {
            file: judge(Prompt(prompt.command, tuple(spans)), permissions, name)
            for file, spans in files.items()
        }
        found = {file: verdict.reasons[0] for file, verdict in verdicts.items() if not verdict.allowed}
        gone = {span for file in found for span in files[file]}
        rest = tuple(span for span in prompt.spans if span not in gone and not _derives(span, found))
        helps = any(span.text and span.origin.source == "file" for span in rest)
        if helps and judge(Prompt(prompt.command, rest), permissions, name).allowed:
            return found
    return {}


def _derives(span: Span, files: Collection[FileInFolder]) -> bool:
    return any((origin.root, origin.path) in files for origin in span.origin.derived)
