"""A suggestion as an item of a list of completions, for editors without ghost text. It knows no protocol.

Lists are filtered by the word at the cursor: an item that holds only what is missing of it is thrown away by
Helix, Emacs and Kate ("math.p" would filter "i * radius" by "p"). So an item begins where the word begins.
"""

from dataclasses import dataclass

# What people type behind and mean to go on from. ":" and "," are not here: behind them comes a line end or a
# space, and where Enter takes what is selected, a list would take the line end away.
TRIGGERS = (".", "(", "[", "=", " ")
MORE = " …"


@dataclass(frozen=True, slots=True)
class Offer:
    """An item: `text` stands for the line from character `start` on, `label` is what the list shows of it.

    `filter` is what the word at the cursor is compared with; `whole` the text where the label is but a part.
    """

    start: int
    text: str
    label: str
    filter: str
    whole: str


def offer(text: str, line: str, column: int) -> Offer:
    r"""The item for a text at a character of a line.

    >>> offer("i * 2", "x = math.p", 10)
    Offer(start=9, text='pi * 2', label='pi * 2', filter='pi * 2', whole='')
    >>> offer(":\n    pass", "else", 4).label
    'else: …'
    """
    start, end = column, column
    while start > 0 and _in_word(line[start - 1]):
        start -= 1
    while end < len(line) and _in_word(line[end]):
        end += 1
    inserted = line[start:column] + text
    lines = inserted.strip().splitlines()
    first, more = (lines[0], len(lines) > 1) if lines else ("", False)
    # Emacs compares with the whole symbol, also with what of it stands behind the cursor.
    compared, whole = first + line[column:end], inserted.strip("\r\n") if more else ""
    return Offer(start, inserted, first + (MORE if more else ""), compared, whole)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
