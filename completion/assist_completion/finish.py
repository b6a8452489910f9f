"""From a raw text to what is shown: cut to shape, filter, judge. The same for model and cache."""

from assist_completion import gate, multiline
from assist_completion.cache import Hit
from assist_completion.closers import Cleaned
from assist_completion.filters import clean
from assist_completion.fim import SPELLED
from assist_completion.multiline import Shape
from assist_completion.suggestion import Request, Suggestion


def finish(request: Request, shape: Shape, raw: Hit, mode: str) -> Suggestion:
    """The suggestion that a raw text makes at a cursor; `reason` says why it is not shown.

    Where the model doubts a token of the first line, what stands before it is shown, if that is enough.
    """
    cleaned = _cleaned(request, shape, raw.text, ended=raw.ended)
    at = gate.doubt(raw.text, raw.spans, gate.limit(mode, manual=request.manual))
    if at is None and cleaned.dropped:
        silent = raw.ended and not raw.text.strip()
        return Suggestion(reason="model-stopped" if silent else cleaned.dropped)
    shown, border = cleaned, gate.first_line(raw.text)
    if at is not None:
        part, border = gate.sure_part(raw.text, at), at
        enough = raw.skipped + len(part.strip()) >= gate.LEAST and part.strip() != ""
        shown = _cleaned(request, shape, part, ended=False) if enough else Cleaned(dropped="low-confidence")
    starts = (0, *(end for end, _ in raw.spans))
    begun = [c for start, (_, c) in zip(starts, raw.spans, strict=False) if start < max(border, 1)]
    return Suggestion(
        text="" if shown.dropped else shown.text,
        candidate=cleaned.text,
        shown=not shown.dropped,
        reason="low-confidence" if shown.dropped else "",
        score=round(gate.score(begun), 4),
        replace=shown.replace,
    )


def _cleaned(request: Request, shape: Shape, raw: str, *, ended: bool) -> Cleaned:
    c = request.context
    text = multiline.cut(c.before, raw, c.after, c.language, shape, ended=ended)
    # A file about such tokens may well hold them: then one more is no leak.
    leaks = [name for name in SPELLED if name in text and name not in c.before and name not in c.after]
    return clean(text, c.before, c.after, c.language, specials=leaks)
