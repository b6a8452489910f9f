"""Whether an edit would copy a secret: into another file, a second time into its own, or into an address.

A placeholder in an answer becomes the secret again, so that an edit can keep it where it is. A model, or a
text that the model read, may put the placeholder elsewhere. This module knows texts and secrets, and names
none of them.
"""

import re
from collections.abc import Iterable

from assist_escalation.edits.plan import EditPlan, FileChange, lines_of

_ADDRESS = re.compile(r"\w://|\bwww\.|\]\(")
# A name with its kind and type before "=" or ":", as in `export const KEY: string = `.
_NAMED = re.compile(
    r"""
    [\w\s."'$@\[\]<>?-]*+                  # words and the name
    (?::[\w\s.\[\]<>?]*+(?=[:=]))?         # its type
    (?::=|=>?|:)\s*+
    """,
    re.VERBOSE,
)
# What languages put between the parts of one text: quotes, signs that join, brackets, white space, "\\".
_JOINTS = re.compile(r"[\s\"'`+.,&(){}\\]+|\bf(?=[\"'])")


def copied_secret(edit: EditPlan, secrets: Iterable[str]) -> str:
    """Why an edit cannot be made because of the secrets that were taken out of the request, or "".

    A secret may be in a file as often as before, also in parts that the code joins, and on lines with an
    address as often as before. Its line may be moved, and the name that it is assigned to may change; any
    other line could send it somewhere.
    """
    known = tuple(dict.fromkeys(each for each in secrets if each.strip()))
    return next((problem for change in edit.changes if (problem := _copied_in(change, known))), "")


def _copied_in(change: FileChange, secrets: tuple[str, ...]) -> str:
    before, after = change.before, change.after
    bare_before, bare_after = _without_joints(before), _without_joints(after)
    addressed_before, addressed_after = _addressed_lines(before), _addressed_lines(after)
    for secret in secrets:
        bare = _without_joints(secret)
        more = after.count(secret) > before.count(secret)
        if more or (bare and bare_after.count(bare) > bare_before.count(bare)):
            return f"the answer would write a secret into {change.path} once more: do that by hand"
        if addressed_after.count(secret) > addressed_before.count(secret):
            return f"the answer would write a secret into an address in {change.path}: do that by hand"
        if _uses(after, secret) - _uses(before, secret):
            return f"the answer would use a secret in {change.path} in another way: do that by hand"
    return ""


def _uses(text: str, secret: str) -> set[str]:
    """The lines that hold a secret: trimmed, and without the name if they do no more than give it one."""
    return {_use(line.strip()) for line in lines_of(text) if secret in line} if "\n" not in secret else set()


def _use(line: str) -> str:
    named = _NAMED.match(line)
    return line[named.end() :] if named else line


def _without_joints(text: str) -> str:
    return _JOINTS.sub("", text)


def _addressed_lines(text: str) -> str:
    """The lines that hold an address, and the ones after them, where a long call goes on."""
    lines = lines_of(text)
    places = {at for at, line in enumerate(lines) if _ADDRESS.search(line)}
    return "".join(line for at, line in enumerate(lines) if at in places or at - 1 in places)
