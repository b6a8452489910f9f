r"""What the user's words demand of code: calls, and what each of them should give or raise.

It reads words by rules, in English, and knows no model and no language of code beyond brackets and quotes:
whether a call and a value mean something in the code's language is for that language to say. Where words can
be read in two ways, nothing is read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

MOST_CALLS = 4  # of one text
ANY_ERROR = "*"
_LONGEST = 200  # characters of a value
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_SHOULD = (
    r"(?:(?:it|they|this|that|which|the\ (?:result|answer|value))\ )?"
    r"(?:should|must|ought\ to|has\ to|have\ to|needs?\ to|shall|(?:is|are)\ (?:expected|supposed|meant)\ to)"
    r"(?:\ (?:really|rather|just|instead))?"
)
_BE = r"(?:be|return|give(?:\ back)?|yield|equal|evaluate\ to|produce|come\ out\ as|result\ in|have\ been)"
_GIVES = (
    r"(?:(?:it|which)\ )?(?:currently\ |now\ |today\ |wrongly\ |incorrectly\ |still\ )?"
    r"(?:returns?|gives?(?:\ back|\ me)?|yields?|is|equals?|evaluates\ to|produces?|comes?\ out\ as"
    r"|results?\ in|returned|gave|was|got)(?:\ (?:currently|now|today|wrongly|incorrectly))?"
)
_RAISES = (
    r"(?:(?:it|which)\ )?(?:currently\ |now\ |today\ |wrongly\ |still\ )?"
    r"(?:raises?|throws?|fails?\ with|crash(?:es)?\ with|dies\ with|panics?\ with|raised|threw"
    r"|failed\ with|crashed\ with|ends\ (?:with|in))"
)
_CRASHES = (
    r"(?:(?:it|which)\ )?(?:currently\ |now\ |today\ |still\ )?"
    r"(?:crash(?:es|ed)?|fails?|failed|blows\ up|panics?|dies|explodes)"
)
_INSTEAD = r",?\ (?:instead\ of|rather\ than|in\ place\ of)(?:\ (?:returning|giving|yielding|being))?"
_RAISE = r"(?:raise|throw|crash|fail|panic|error)(?:\ with)?"
_ERROR_KINDS = r"(?:raising|throwing|failing\ with)"
_RAISED = r"(?:a\ |an\ |the\ )?(?P<error>(?:[A-Za-z_]\w*\.)*(?-i:[A-Z])\w+)"
_NAME = (  # one that means an exception by itself
    r"(?:a\ |an\ |the\ )?(?P<error>(?:[A-Za-z_]\w*\.)*(?-i:[A-Z])\w*"
    r"(?:Error|Exception|Warning|Exit|Interrupt|Iteration|NotFound|DoesNotExist|Failure))(?!\w)"
)
_ENDS = re.compile(  # what may follow a value, so that it surely ends there
    r"""
      [ ]?$
    | [ ]?[.,;:!?)](?:[ ]|$)
    | [ ](?:and|but|not|instead|rather|because|since|for|while|although|though)(?!\w)
    | [ ](?:today|now|currently|again)(?!\w)
    | [ ]in[ ](?:place|that|this)(?!\w)
    | [ ]as[ ](?:documented|described|before|expected)(?!\w)
    | [ ]is[ ](?:expected|wanted|right|correct)(?!\w)
    | [ ](?:\(|[-\u2013\u2014](?=[ ][A-Za-z]))
    """,
    re.VERBOSE,
)
_VALUE_WORDS = {
    r"(?:an?\ |the\ )?empty\ (?:string|str|text)": "''",
    r"(?:an?\ |the\ )?empty\ (?:list|array|slice|vec(?:tor)?)": "[]",
    r"(?:an?\ |the\ )?empty\ (?:dict(?:ionary)?|object|mapping|map)": "{}",
    r"(?:nothing|None)": "None",
    r"(?:null|nil|undefined)": "",
    r"(?:true|false|True|False|NaN)": "",
    r"zero": "0",
}
_NUMBER = re.compile(
    r"""
    [-+]?(?:
      0[xXbBoO][\da-fA-F_]+
    | \d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?
    | \.\d+
    | Infinity
    )(?![\w%])
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r"[bru]{0,2}(?=[\"'])")
_CALLED = re.compile(r"(?:new\ )?[A-Za-z_][\w.]*(?=\()")
_CONSTANT = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+(?!\w)")


@dataclass(frozen=True, slots=True)
class WordedValue:
    """A call, and what it should come to, as the user's words write it.

    That is `value`, the exception `error`, or, if both are "", no exception. `today` and `raises` are what
    it comes to today by these words: "" if they do not say, `ANY_ERROR` for any exception.
    """

    call: str
    value: str = ""
    error: str = ""
    today: str = ""
    raises: str = ""


def worded_values(words: str, name: str) -> tuple[WordedValue, ...]:
    """What words demand of the function or method `name`, without its class; () if that is not clear.

    >>> worded_values("word_count('') returns 1 instead of 0", "word_count")
    (WordedValue(call="word_count('')", value='0', error='', today='1', raises=''),)
    >>> worded_values("should raise KeyError for f(1)", "f")
    (WordedValue(call='f(1)', value='', error='KeyError', today='', raises=''),)
    >>> worded_values("f(3) should be about 4", "f")
    ()
    >>> worded_values("returns 1 instead of 0 for ''", "f")[0].call
    "f('')"
    """
    text = re.sub(r"\s+", " ", words.replace("`", "")).strip()
    places = list(_calls_in(text, name))[:MOST_CALLS]
    found: dict[WordedValue, None] = {}
    before = 0
    for number, (first, last) in enumerate(places):
        following = places[number + 1][0] if number + 1 < len(places) else len(text)
        head, call, tail = text[before:first], text[first:last], text[last:following]
        wanted = _after(call, head, tail) or _before(call, head)
        if wanted is not None:
            found[wanted] = None
        before = last
    if not places and (wanted := _by_arguments(text, name)):
        found[wanted] = None
    calls = [wanted.call for wanted in found]
    return tuple(found) if len(set(calls)) == len(calls) else ()  # two values for one call


def _calls_in(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where calls of a name begin and end, with the object before and what is read of the result."""
    end = 0
    for match in re.finditer(rf"(?<!\w){re.escape(name)}(?=\()", text):
        if match.start() < end:
            continue
        first, last = _primary_start(text, match.start()), _closing(text, match.end())
        if last == 0:
            continue
        while more := re.match(r"\.[A-Za-z_]\w*|(?=[(\[])", text[last:]):
            closed = _closing(text, last) if not more[0] else last + len(more[0])
            if closed <= last:
                break
            last = closed
        while (outer := re.search(r"(?<![\w.])[a-z_]\w*\($", text[:first])) and text[last : last + 1] == ")":
            first, last = outer.start(), last + 1
        end = last
        yield first, last


def _primary_start(text: str, at: int) -> int:
    """Where the expression begins whose attribute or function is at a place, as `Cart([1]).` before it."""
    while at and text[at - 1] in ".:":
        before = text[: at - 1].removesuffix(":")
        if before.endswith((")", "]")):
            opening = _opening(before)
            name = re.search(r"[\w.:]*$", before[:opening]) if opening >= 0 else None
            if name is None:
                return at
            at = name.start()
        else:
            name = re.search(r"[A-Za-z_][\w:]*$", before)
            if name is None:
                return at
            at = name.start()
    word = text[:at]
    return (
        at - 4 if re.search(r"(?<!\w)new $", word) else at - 6 if re.search(r"(?<!\w)await $", word) else at
    )


def _opening(text: str) -> int:
    """Where the bracket is opened that a text ends with; -1 if nowhere."""
    return next(
        (at for at in range(len(text) - 1, -1, -1) if text[at] in _PAIRS and _closing(text, at) == len(text)),
        -1,
    )


def _closing(text: str, at: int) -> int:
    """The end of the bracket that is opened at a place; 0 if it is not closed."""
    waiting: list[str] = []
    quote = ""
    skip = False
    for place in range(at, len(text)):
        letter = text[place]
        if skip:
            skip = False
        elif quote:
            skip = letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _PAIRS:
            waiting.append(_PAIRS[letter])
        elif letter in ")]}":
            if not waiting or waiting.pop() != letter:
                return 0
            if not waiting:
                return place + 1
    return 0


def _after(call: str, head: str, tail: str) -> WordedValue | None:
    """What the words after a call demand, as in "returns 1 instead of 0"."""
    wished = re.search(r"(?<!\w)(?:expect(?:ed|s)?|want(?:ed)?|make|let|have)\ (?:that\ )?$", head)
    if wished and (match := re.match(rf"\ ?(?:to\ )?{_BE}\ |\ ?(?:==|===|=)\ ?", tail, re.VERBOSE)):
        return _of_value(call, tail[match.end() :])
    if wished and (match := re.match(rf"\ ?to\ (?:raise|throw)\ {_RAISED}", tail, re.VERBOSE)):
        return WordedValue(call, error=match["error"])
    if re.search(r"(?<!\w)assert\ $", head) and (match := re.match(r"\ ?==\ ?", tail)):
        return _of_value(call, tail[match.end() :])
    return _clause(call, tail.lstrip(" :,"))


def _before(call: str, head: str) -> WordedValue | None:
    """What the words before a call demand, as in "should raise KeyError for"."""
    joined = re.search(
        r"\ (?:for|from|on|with|by|of|in|at|when\ (?:I\ |you\ )?call(?:ing|ed)?(?:\ as)?|calling)\ $",
        head,
        re.VERBOSE,
    )
    if joined is None:
        return None
    clause = head[: joined.start()]
    begins = [
        match.start()
        for match in re.finditer(
            rf"(?<!\w)(?:{_SHOULD}|{_GIVES}|{_RAISES}|expect(?:ed|s)?)(?!\w)", clause, re.VERBOSE
        )
    ]
    for begin in begins:
        expected = re.match(r"expect(?:ed|s)?\ ", clause[begin:])
        found = (
            _of_value(call, clause[begin + expected.end() :]) if expected else _clause(call, clause[begin:])
        )
        if found is not None:
            return found
    return None


def _by_arguments(text: str, name: str) -> WordedValue | None:
    """What words without a call demand that name arguments, as in "returns 1 instead of 0 for ''"."""
    for match in re.finditer(
        r"(?<!\w)(?:for|given|on|when\ given|when\ called\ with|if\ called\ with)\ ", text, re.VERBOSE
    ):
        found = _value(text[match.end() :])
        if found is None:
            continue
        values = [found[0]]
        rest = found[1]
        while (more := re.match(r"(?:,| and)\ ", rest)) and (found := _value(rest[more.end() :])):
            values.append(found[0])
            rest = found[1]
        call = f"{name}({', '.join(values)})"
        return _before(call, f"{text[: match.start()].rstrip()} for ") or _clause(call, rest.lstrip(" ,:"))
    return None


def _clause(call: str, text: str) -> WordedValue | None:
    """What a sentence without its subject says."""
    return _wish(call, text) or _report(call, text)


def _wish(call: str, text: str) -> WordedValue | None:
    """What a sentence says that should be, as in "should be 4"."""
    if match := _begin(text, rf"{_SHOULD}(?:\ (?:not|never)|n't)\ {_RAISE}(?:\ {_NAME})?(?!\w)"):
        return WordedValue(call, raises=match["error"] or ANY_ERROR)
    if match := _begin(text, rf"{_SHOULD}\ (?:raise|throw|fail\ with)\ {_RAISED}"):
        return _with_today(WordedValue(call, error=match["error"]), text[match.end() :])
    if match := _begin(text, rf"{_SHOULD}\ {_BE}\ |expected:?\ "):
        return _of_value(call, text[match.end() :])
    return None


def _report(call: str, text: str) -> WordedValue | None:
    """What a sentence says that is so today, and what should be instead."""
    if match := _begin(text, rf"{_RAISES}\ {_RAISED}"):
        return _wanted_in(WordedValue(call, raises=match["error"]), text[match.end() :], alone=True)
    if match := _begin(text, rf"{_GIVES}\ "):
        found = _value(text[match.end() :])
        return _wanted_in(WordedValue(call, today=found[0]), found[1]) if found else None
    if match := _begin(text, rf"{_CRASHES}(?!\w)(?!\ (?:to|for|if|when|on|with))"):
        return _wanted_in(WordedValue(call, raises=ANY_ERROR), text[match.end() :], alone=True)
    return None


def _begin(text: str, pattern: str) -> "re.Match[str] | None":
    return re.match(pattern, text, re.VERBOSE | re.IGNORECASE)


def _wanted_in(known: WordedValue, rest: str, *, alone: bool = False) -> WordedValue | None:
    """What words after today's value demand; if nothing, and that is enough, no exception."""
    also = r"[,;.]?\ (?:but|and|yet|while|when|where|although)?\ ?(?:it\ |I\ |we\ |that\ )?"
    for pattern in (
        rf"{_INSTEAD}\ {_ERROR_KINDS}\ {_RAISED}",
        rf"{_INSTEAD}\ {_NAME}",
        rf"{also}{_SHOULD}\ (?:raise|throw|fail\ with)\ {_RAISED}",
    ):
        if match := _begin(rest, pattern):
            return replace(known, error=match["error"])
    starts = (
        rf"{_INSTEAD}\ (?:the\ (?:expected|right|correct)\ )?",
        rf"{also}{_SHOULD}\ {_BE}\ ",
        rf"{also}(?:expect|want)(?:ed|s)?:?\ (?:(?:it\ )?to\ (?:be|get|return)\ )?",
    )
    for start in starts:
        if match := _begin(rest, start):
            found = _value(rest[match.end() :])
            return replace(known, value=found[0]) if found else None
    if match := re.match(r",?\ but\ ", rest):
        found = _value(rest[match.end() :])
        if found and re.match(r" (?:is|was) (?:expected|wanted|right|correct)", found[1]):
            return replace(known, value=found[0])
    ended = alone and re.match(r"\ ?$|[.,;!]|\ (?:and|but|because|since)\ ", rest)
    return known if ended and not re.search(r"should|must|expect|instead|only|unless", rest) else None


def _of_value(call: str, text: str) -> WordedValue | None:
    """A call that should give the value which a text begins with, and what it gives today."""
    found = _value(text)
    return _with_today(WordedValue(call, found[0]), found[1]) if found else None


def _with_today(wanted: WordedValue, rest: str) -> WordedValue:
    """With what the words after it say of today."""
    match = re.match(
        rf",?\ (?:and\ |but\ )?(?:not|instead\ of|rather\ than|{_GIVES})(?:\ (?:returning|giving))?\ ",
        rest,
        re.VERBOSE,
    )
    if match and (error := re.match(rf"(?:{_ERROR_KINDS}\ )?{_NAME}", rest[match.end() :], re.VERBOSE)):
        return replace(wanted, raises=error["error"])
    found = _value(rest[match.end() :]) if match else None
    return replace(wanted, today=found[0]) if found else wanted


def _value(text: str) -> tuple[str, str] | None:
    """The value that a text begins with, as code, and the rest; None if it is not certain where it ends."""
    for pattern, code in _VALUE_WORDS.items():
        if (match := re.match(rf"(?:{pattern})(?![\w.(])", text, re.VERBOSE)) and _ENDS.match(
            text, match.end()
        ):
            return code or match[0], text[match.end() :]
    end = _value_end(text)
    if not 0 < end <= _LONGEST or not _ENDS.match(text, end):
        return None
    return text[:end], text[end:]


def _value_end(text: str) -> int:
    """Where the number, text, list, call or name of a constant ends that a text begins with; 0 for none."""
    if match := _NUMBER.match(text):
        return match.end()
    if (match := _QUOTED.match(text)) and text[match.end() : match.end() + 1]:
        return _quote_end(text, match.end())
    if text[:1] in _PAIRS:
        return _closing(text, 0)
    if match := _CALLED.match(text):
        return _closing(text, match.end())
    if match := _CONSTANT.match(text):
        return match.end()
    return 0


def _quote_end(text: str, at: int) -> int:
    found = re.match(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", text[at:])
    return at + found.end() if found else 0
