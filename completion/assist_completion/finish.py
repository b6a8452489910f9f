"""From a raw text to what is shown: cut to shape, filter, judge. The same for model and cache."""

from assist_completion import gate, multiline
from assist_completion.cache import Hit
from assist_completion.filters import clean
from assist_completion.fim import SPELLED
from assist_completion.multiline import Shape
from assist_completion.suggestion import Request, Suggestion


def finish(request: Request, shape: Shape, raw: Hit, mode: str) -> Suggestion:
    """The suggestion that a raw text makes at a cursor; `reason` says why it is not shown."""
    c = request.context
    text = multiline.cut(c.before, raw.text, c.after, c.language, shape, ended=raw.ended)
    # A file about such tokens may well hold them: then one more is no leak.
    leaks = [name for name in SPELLED if name in text and name not in c.before and name not in c.after]
    cleaned = clean(text, c.before, c.after, c.language, specials=leaks)
    if cleaned.dropped:
        silent = raw.ended and not raw.text.strip()
        return Suggestion(reason="model-stopped" if silent else cleaned.dropped)
    first = len(text) - len(text.lstrip()) + len(text.lstrip().partition("\n")[0])
    chances = [chance for end, chance in raw.spans if end <= first]  # the gate was fitted to lines
    verdict = gate.judge(chances or [c for _, c in raw.spans[:1]], mode, manual=request.manual)
    return Suggestion(
        text="" if verdict.reason else cleaned.text,
        candidate=cleaned.text,
        shown=not verdict.reason,
        reason=verdict.reason,
        score=round(verdict.score, 4),
        replace=cleaned.replace,
    )
