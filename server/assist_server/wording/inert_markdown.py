"""An answer as a page of Markdown that loads nothing, hides no address, and sets nothing in an editor.

It adds spaces, and nothing else, at the places where Markdown would make a link, an image or HTML, and where
an editor would find settings for the file. So every address can be read next to its words. Code blocks keep
their text, in fences of our own that are longer than any in the text, so that every reader agrees where they
begin and end.
"""

import re
from collections.abc import Iterator, Sequence

from assist_context.languages import PLAIN, language_of
from assist_escalation.prompts import fence
from assist_server.wording.sanitize import harmless

_BARS = "\0"  # for our fences, until it is known how long they must be; `harmless` leaves none in a text
_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<run>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)")
MARKUP = re.compile(
    r"""
      \](?=[(:])        # a link or an image, and the definition of a reference
    | !(?=\[)           # an image
    | <(?=[a-z/!?])     # HTML, and an address in angle brackets
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SETTINGS = re.compile(
    r"""
      (?<!\w)(?:ex|vi|vim[<>=]?\d*)(?=:)      # Vim's modelines
    | local[ \t]+variables(?=:)               # Emacs, near the end of a file
    | -(?=\*-)                                # Emacs, in the first lines
    | kate(?=:) | kate-(?:wildcard|mimetype)(?=\()
    """,
    re.VERBOSE | re.IGNORECASE,
)


def inert_page(title: str, text: str, notes: Sequence[str] = ()) -> str:
    """A page with a heading, an answer, and notes below it."""
    below = [f"> {_one_line(note)}" for note in notes]
    return "\n\n".join([f"# {_one_line(title)}", inert_markdown(text), *below]) + "\n"


def inert_markdown(text: str) -> str:
    """The same text, with the spaces that make it inert.

    >>> inert_markdown("See [the docs](https://x.example/?k=1) ![b](//x.example) <img src=x>")
    'See [the docs] (https://x.example/?k=1) ! [b] (//x.example) < img src=x>'
    """
    text = harmless(text).strip("\n")
    page = "\n".join(_lines(text)).strip("\n")
    return page.replace(_BARS, fence([page]))


def _lines(text: str) -> Iterator[str]:
    run = ""  # the fence of the code block that is open
    indent = ""
    for line in text.split("\n"):
        match = _OPENING.fullmatch(line)
        if run:
            bare = line.strip()
            if set(bare) == {run[0]} and len(bare) >= len(run):
                run = ""
                yield from (_BARS, "")
            else:
                yield _strip_settings(line.removeprefix(indent))
        elif match:
            run = match["run"]
            indent = match["indent"]
            yield from ("", _BARS + _language(match["info"]))
        else:
            yield _inert_line(line)
    if run:
        yield _BARS


def _language(info: str) -> str:
    """The language of a code block if we know it; others may be drawn as something else."""
    word = info.split(maxsplit=1)[0].lower() if info.split() else ""
    fits = re.fullmatch(r"[a-z0-9+#]{1,20}", word) and language_of(f"x.{word}", word).name != PLAIN.name
    return word if fits else ""


def _one_line(text: str) -> str:
    return _inert_line(" ".join(harmless(text).split()))


def _inert_line(line: str) -> str:
    return _strip_settings(MARKUP.sub(r"\g<0> ", line))


def _strip_settings(line: str) -> str:
    return _SETTINGS.sub(r"\g<0> ", line)
