"""The files of the corpus: templates with slots, and the texts that they become with a seed.

`{{kind}}` is a secret, `{{kind@construct}}` also says how the code holds it, and `{{kind@construct#name}}`
repeats one value in a file. `{{!kind}}` is a value that looks like a secret and is none, so taking it is an
error. `{{~kind}}` may be taken or left: account names, publishable keys, hashes of passwords.
This module knows neither redaction nor scores.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.redaction.values import value

CORPUS = Path(__file__).with_name("corpus")
ASSIGNED = "assigned"  # the construct of a slot that names none
_SLOT = re.compile(
    r"\{\{(?P<role>[!~]?)(?P<kind>[a-z][\w:]*)(?:@(?P<construct>[\w-]+))?(?:#(?P<name>\w+))?\}\}"
)


@dataclass(frozen=True, slots=True)
class Template:
    """A file with slots. `area` is `code` or `files`; `format` is its language or kind of file."""

    area: str
    format: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A value in a filled text; `key` names it within its file."""

    key: str
    role: str
    kind: str
    construct: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FilledFile:
    """A template with values in its slots."""

    template: Template
    text: str
    slots: tuple[Slot, ...]


def templates(folder: Path = CORPUS) -> list[Template]:
    """Read all templates below a folder, in the order of their names."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found += [
            Template(
                each.get("area", data["area"]), each.get("format", data["format"]), each["path"], each["text"]
            )
            for each in data["file"]
        ]
    paths = [each.path for each in found]
    twice = {path for path in paths if paths.count(path) > 1}
    if twice or not found:
        raise ValueError(f"{folder}: {f'paths occur twice: {sorted(twice)}' if twice else 'no templates'}")
    return found


def fill_slots(template: Template, seed: int) -> FilledFile:
    """Fill the slots of a template; the same seed gives the same text."""
    parts = []
    slots = []
    named = dict[str, tuple[str, str]]()
    done = 0
    size = 0
    for number, match in enumerate(_SLOT.finditer(template.text)):
        before = template.text[done : match.start()]
        key = match["name"] or str(number)
        fresh = value(match["kind"], random.Random(f"{seed}/{template.path}/{key}"))
        text, kind = named.setdefault(key, (fresh, match["kind"]))
        if "\n" in text:  # a key of several lines keeps the indentation of its first
            text = text.replace("\n", "\n" + _indentation(before))
        start = size + len(before)
        size = start + len(text)
        parts += [before, text]
        slots.append(Slot(key, match["role"], kind, match["construct"] or ASSIGNED, start, size))
        done = match.end()
    return FilledFile(template, "".join([*parts, template.text[done:]]), tuple(slots))


def fill_all(found: Sequence[Template], seed: int) -> list[FilledFile]:
    """Fill all templates with one seed."""
    return [fill_slots(each, seed) for each in found]


def _indentation(before: str) -> str:
    last = before.rpartition("\n")[2]
    return last if not last.strip() else ""
