"""From a raw text to what is shown: cut to shape, filter, judge. The same for model and cache."""

from assist_completion.display import confidence, line_policy
from assist_completion.display.filters import Cleaned, clean
from assist_completion.display.line_policy import Shape
from assist_completion.display.suggestion_cache import KnownText
from assist_completion.prompt.fim_tokens import SPELLED
from assist_completion.suggestion import CompletionRequest, Suggestion


def finish(request: CompletionRequest, shape: Shape, raw: KnownText, mode: str) -> Suggestion:
    """The suggestion that a raw text makes at a cursor; `reason` says why it is not shown.

    Where the model doubts a token of the first line, what stands before it is shown, if that is enough.
    """
    cleaned = _cleaned(request, shape, raw.text, ended=raw.ended)
    at = confidence.doubt(raw.text, raw.spans, confidence.limit(mode, manual=request.manual))
    if at is None and cleaned.dropped:
        silent = raw.ended and not raw.text.strip()
        return Suggestion(reason="model-stopped" if silent else cleaned.dropped)
    shown = cleaned
    border = confidence.first_line(raw.text)
    if at is not None:
        part = confidence.sure_part(raw.text, at)
        border = at
        enough = raw.skipped + len(part.strip()) >= confidence.LEAST and part.strip() != ""
        shown = _cleaned(request, shape, part, ended=False) if enough else Cleaned(dropped="low-confidence")
    starts = (0, *(end for end, _ in raw.spans))
    begun = [c for start, (_, c) in zip(starts, raw.spans, strict=False) if start < max(border, 1)]
    return Suggestion(
        text="" if shown.dropped else shown.text,
        candidate=cleaned.text,
        shown=not shown.dropped,
        reason="low-confidence" if shown.dropped else "",
        score=round(confidence.score(begun), 4),
        replace=shown.replace,
    )


def _cleaned(request: CompletionRequest, shape: Shape, raw: str, *, ended: bool) -> Cleaned:
    c = request.context
    text = line_policy.cut(c.before, raw, c.after, c.language, shape, ended=ended)
    # A file about such tokens may well hold them: then one more is no leak.
    leaks = [name for name in SPELLED if name in text and name not in c.before and name not in c.after]
    return clean(text, c.before, c.after, c.language, specials=leaks)
