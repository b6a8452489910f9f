"""The style of a repository's commit messages, in words of ours: counted, never quoted.

Not a word of the history becomes part of a prompt, so nothing that a stranger wrote there is followed.
"""

import re
from collections.abc import Sequence

USUAL = 0.5  # of the messages, above which something is the repository's way
LONGEST = 72
TYPES = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "style", "test")
_TYPE = re.compile(r"([a-z]+)(\([\w./ -]+\))?!?: ")


def style_words(messages: Sequence[str]) -> str:
    """Return what a message must look like.

    >>> style_words(["feat: add a till", "fix: round at the end"]).split(". ")[1]
    'Begin it with feat: or fix: and a space'
    """
    subjects = [message.split("\n", 1)[0] for message in messages]
    parts = [f"The first line says what the change does, in at most {_length(subjects)} characters."]
    matches = [match for subject in subjects if (match := _TYPE.match(subject)) and match[1] in TYPES]
    begins = [_TYPE.sub("", subject) for subject in subjects]
    if subjects and len(matches) > USUAL * len(subjects):
        types = sorted({match[1] for match in matches})
        with_scope = sum(1 for match in matches if match[2]) > USUAL * len(matches)
        scope = " and the part of the code in parentheses before the colon" if with_scope else ""
        parts.append(f"Begin it with {' or '.join(f'{kind}:' for kind in types)} and a space{scope}.")
    capital = sum(1 for begin in begins if begin[:1].isupper())
    if subjects:
        case = "a capital" if capital > USUAL * len(subjects) else "a small letter"
        parts.append(f"Its first word is a verb such as add or fix, with {case}.")
    if not subjects or sum(subject.endswith(".") for subject in subjects) <= USUAL * len(subjects):
        parts.append("No full stop at its end.")
    bodies = sum("\n\n" in message for message in messages)
    if messages and bodies > USUAL * len(messages):
        parts.append("After an empty line, say why in one to three short lines.")
    else:
        parts.append("Write this one line only.")
    return " ".join(parts)


def _length(subjects: Sequence[str]) -> int:
    """The length that nine of ten subjects keep, between 50 and 72."""
    lengths = sorted(map(len, subjects))
    usual = lengths[int(0.9 * (len(lengths) - 1))] if lengths else LONGEST
    return max(50, min(LONGEST, usual))
