"""How the spans of a prompt become the messages of one call.

Code stands between marks that do not occur in it, each piece under its place, so that a model can tell what
a file says from what a person says. It decides nothing about what may be sent and knows no provider.
"""

from collections.abc import Iterable

from assist_escalation.model import Messages, Origin, Prompt, Span

SHORTEST = 3  # backticks, as in Markdown: what small models saw most


def fence(texts: Iterable[str]) -> str:
    """Backticks that stand in none of the texts.

    >>> fence(["a = 1"]), fence(["```python"])
    ('```', '````')
    """
    longest = SHORTEST
    for text in texts:
        run = 0
        for character in text if "`" * longest in text else "":
            run = run + 1 if character == "`" else 0
            longest = max(longest, run + 1)
    return "`" * longest


def lay_out(prompt: Prompt, mark: str = "") -> Messages:
    """The messages of a prompt: our own words are the system's, everything else the user's, in order.

    `mark` is put behind the fences of each block; with one drawn at random a file cannot end its block.
    """
    bars = fence(span.text for span in prompt.spans)
    system = [span.text for span in prompt.spans if span.origin.source == "assist"]
    user = [_block(span, bars, mark) for span in prompt.spans if span.origin.source != "assist"]
    return Messages("\n\n".join(system), "\n\n".join(user))


def _block(span: Span, bars: str, mark: str) -> str:
    if span.origin.source == "user":
        return span.text
    body = span.text if span.text.endswith("\n") else span.text + "\n"
    tail = f" {mark}" if mark else ""
    return f"{bars}{label(span.origin)}{tail}\n{body}{bars}{tail}"


def label(origin: Origin) -> str:
    """The place of a text, for a model and for people.

    >>> label(Origin("file", "src/app.py", "/home/me", 3, 9)), label(Origin("editor", "src/app.py"))
    ('src/app.py lines 3-9', 'about src/app.py')
    """
    lines = f" lines {origin.first}-{origin.last}" if origin.first else ""
    named = "".join(each if each.isprintable() else "?" for each in origin.path)
    return f"{'about ' if origin.source == 'editor' else ''}{named or 'the editor'}{lines}"
