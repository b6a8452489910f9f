"""Sentences for people and models that hold names: of files, tools, models, and what a provider calls them.

Whoever may name a file may choose what is in its name. All sentences of the gateway and of `assist mcp` pass
here on their way out. This module knows no sentence.
"""

import re

from assist_escalation.prompts import fence
from assist_server.wording.inert_markdown import MARKUP
from assist_server.wording.sanitize import harmless_line

# What Markdown reads as more than a word, and what some views make a link of; `<U+202E>` is nothing of it.
_LIVE = re.compile(
    rf"(?!<u\+)(?: {MARKUP.pattern} | \]\[ | :// | \bwww\. | [\w.+-]@\w )", re.VERBOSE | re.IGNORECASE
)
_UNSAFE = re.compile(r"[\"\\`<>]|[^ -~\u00a1-\uffff]")  # what may end a string around a sentence


def inert_line(sentence: str) -> str:
    """A sentence on one line, of which Markdown makes no link, image or HTML.

    Nothing is deleted: what no one sees is written, and a word that Markdown would read is a code span.

    >>> inert_line("There is no [a](//x.example) in\\na.py.")
    'There is no `[a](//x.example)` in<U+000A>a.py.'
    """
    line = harmless_line(sentence)
    bars = fence([line]) if "`" in line else "`"

    def in_code(word: re.Match[str]) -> str:
        bare = word[0].replace("`", "<U+0060>")
        return f"{bars}{bare}{bars}" if _LIVE.search(word[0]) else word[0]

    return re.sub(r"\S+", in_code, line)


def quotable_line(sentence: str) -> str:
    """The same for a place in any text, with no sign that could end a string or a tag around it.

    >>> quotable_line('of "![a](//x.example)"')
    'of ??[a?(//x.example)?'
    """
    return _UNSAFE.sub("?", _LIVE.sub("?", harmless_line(sentence)))
