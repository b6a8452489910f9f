"""The messages in a text that "Show text" shows, by the rule in docs/egress.md and nothing else."""

import re

from assist_escalation.prompts import Messages

_NUMBER = re.compile(r"<U\+([0-9A-F]{4,6})(?: x (\d+))?>")


def messages_of(shown: str) -> Messages:
    """What is sent."""
    lines: dict[str, list[str]] = {"SYSTEM": [], "USER": []}
    role = ""
    for line in shown.removesuffix("\n").split("\n"):
        if line in ("# SYSTEM MESSAGE", "# USER MESSAGE"):
            role = line.split(" ")[1]
        elif not line.startswith("#"):
            lines[role].append(line[2:])
    return Messages(*(_with_characters("\n".join(each)) for each in lines.values()))


def _with_characters(text: str) -> str:
    return _NUMBER.sub(lambda found: chr(int(found[1], 16)) * int(found[2] or 1), text)
