"""The way a repository writes its commit messages: read from its last ones, counted, never quoted.

Of the history only names of types, scopes and packages that most messages begin with come back, so nothing
that a stranger wrote there is followed.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from assist_server.workspace.commit_style import TYPES, USUAL

MARKED = 0.15  # of the subjects, from which names have the marks of code in them
_TYPE = re.compile(r"(?P<mark>[^\w\s(\[]{1,4} )?(?P<type>[a-z]+)(?:\((?P<scope>[\w./@ -]+)\))?!?: ")
_PREFIX = re.compile(r"(?P<prefix>[\w.*{}/-]+(?:, ?[\w.*/-]+)*): (?=\S)")
_PAST = {
    "make": "made", "let": "let", "throw": "threw", "catch": "caught", "set": "set", "stop": "stopped",
    "skip": "skipped", "defer": "deferred", "no": "no",
}  # fmt: skip
_VERBS = (
    "add", "allow", "await", "bump", "call", "catch", "change", "check", "defer", "document", "drop", "fix",
    "handle", "import", "improve", "let", "make", "move", "pass", "raise", "reformat", "remove", "rename",
    "return", "revert", "set", "skip", "sort", "start", "stop", "support", "test", "throw", "update", "use",
)  # fmt: skip
Mood = Literal["imperative", "past", "present"]


@dataclass(frozen=True, slots=True)
class CommitStyle:
    """The habits that most of the last subjects have in common.

    `types` are the types that they begin with, each with the sign before it; `scopes` what is in parentheses
    after these, and `prefixes` the packages before a colon, with how often. `marked`: names have the marks of
    code.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, int] = field(default_factory=dict)
    prefixes: Mapping[str, int] = field(default_factory=dict)
    scoped: bool = False
    capital: bool = True
    full_stop: bool = False
    marked: bool = False
    mood: Mood = "imperative"


def read_style(messages: Sequence[str]) -> CommitStyle:
    """The style of messages; that of most projects, if there are none.

    >>> read_style(["feat(ui): Added a till", "fix: Rounded at the end"]).mood
    'past'
    """
    subjects = [message.split("\n", 1)[0] for message in messages]
    if not subjects:
        return CommitStyle()
    typed = [found for subject in subjects if (found := _TYPE.match(subject)) and found["type"] in TYPES]
    is_typed = _is_usual(len(typed), subjects)
    named = [found for subject in subjects if (found := _PREFIX.match(subject)) and not is_typed]
    begins = [_begin(subject) for subject in subjects]
    signs = Counter((found["type"], found["mark"] or "") for found in typed)
    return CommitStyle(
        types={kind: sign for (kind, sign), _ in reversed(signs.most_common())} if is_typed else {},
        scopes=Counter(found["scope"] for found in typed if found["scope"]),
        prefixes=Counter(found["prefix"] for found in named if found["prefix"] not in TYPES)
        if _is_usual(len(named), subjects)
        else {},
        scoped=bool(typed) and _is_usual(sum(bool(found["scope"]) for found in typed), typed),
        capital=_is_usual(sum(begin[:1].isupper() for begin in begins), subjects),
        full_stop=_is_usual(sum(subject.endswith(".") for subject in subjects), subjects),
        marked=sum("`" in subject for subject in subjects) >= MARKED * len(subjects),
        mood=_mood(begins),
    )


def _begin(subject: str) -> str:
    """A subject without its type or its package."""
    found = _TYPE.match(subject) or _PREFIX.match(subject)
    return subject[found.end() :] if found else subject


def _is_usual(count: int, among: Sequence[object]) -> bool:
    return count > USUAL * len(among)


def _mood(begins: Sequence[str]) -> Mood:
    """The form of the verb that most subjects begin with, of those verbs that any project uses."""
    words = Counter(begin.split()[0].lower() for begin in begins if begin.split())
    forms: dict[Mood, int] = {
        "imperative": sum(words[verb] for verb in _VERBS),
        "past": sum(words[inflect(verb, "past")] for verb in _VERBS if inflect(verb, "past") != verb),
        "present": sum(words[inflect(verb, "present")] for verb in _VERBS),
    }
    return max(forms, key=lambda mood: forms[mood])


def inflect(verb: str, mood: Mood) -> str:
    """A verb in small letters, in another form.

    >>> [inflect(verb, "past") for verb in ("add", "move", "make")], inflect("catch", "present")
    (['added', 'moved', 'made'], 'catches')
    """
    if mood == "past":
        return _PAST.get(verb) or (f"{verb}d" if verb.endswith("e") else f"{verb}ed")
    if mood == "present" and verb != "no":
        return f"{verb}es" if verb.endswith(("s", "sh", "ch", "x")) else f"{verb}s"
    return verb


def apply_mood(text: str, mood: Mood) -> str:
    """A sentence in the imperative with its first word in another form, if that is a verb of changes."""
    verb, space, rest = text.partition(" ")
    known = {
        form: word for word in _VERBS for form in (word, inflect(word, "past"), inflect(word, "present"))
    }
    base = known.get(verb.lower())
    return f"{inflect(base, mood).capitalize()}{space}{rest}" if base else text
