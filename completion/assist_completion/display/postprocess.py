"""From the model's raw text to a suggestion: cut it to shape, filter it, and apply the show gate.

Texts from the model and from the cache go through the same steps. This module knows no editor and no model.
"""

from assist_completion.display import confidence, line_policy
from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.filters import CleanText, clean
from assist_completion.display.line_policy import Shape
from assist_completion.display.suggestion_cache import KnownText
from assist_completion.prompt.fim_tokens import SPELLED
from assist_completion.suggestion import Suggestion


def finish(site: CursorSite, shape: Shape, raw: KnownText, least: float) -> Suggestion:
    """The suggestion that a raw text makes at a cursor. `reason` says why it is not shown.

    `least` is the log-probability below which the model doubts a token, as `confidence.limit` gives it.
    If the model doubts a token of the first line, the text before that token is shown, if it is long enough.
    """
    cleaned = _clean(site, shape, raw.text, ended=raw.ended)
    at = confidence.doubt(raw.text, raw.spans, least)
    if at is None and cleaned.dropped:
        silent = raw.ended and not raw.text.strip()
        return Suggestion(reason="model-stopped" if silent else cleaned.dropped)
    shown = cleaned
    end = confidence.first_line_end(raw.text)
    if at is not None:
        part = confidence.sure_part(raw.text, at)
        enough = raw.skipped + len(part.strip()) >= confidence.LEAST and part.strip() != ""
        shown = _clean(site, shape, part, ended=False) if enough else CleanText(dropped="low-confidence")
        end = at + bool(shown.dropped)  # if nothing is shown, the score is that of the doubted token
    return Suggestion(
        text="" if shown.dropped else shown.text,
        candidate=cleaned.text,
        shown=not shown.dropped,
        reason="low-confidence" if shown.dropped else "",
        score=confidence.score_until(end, raw.spans),
        needed=confidence.score_at(least),
        replace=shown.replace,
    )


def _clean(site: CursorSite, shape: Shape, raw: str, *, ended: bool) -> CleanText:
    text = line_policy.cut(site, raw, shape, ended=ended)
    # A file about such tokens may well hold them. Then one more of the same is no leak.
    leaks = [name for name in SPELLED if name in text and name not in site.before and name not in site.after]
    return clean(text, site, specials=leaks)
