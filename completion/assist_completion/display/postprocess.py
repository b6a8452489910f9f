"""From the model's raw text to a suggestion: cut it to shape, filter it, and apply the show gate.

Texts from the model and from the cache go through the same steps. This module knows no editor and no model.
"""

from dataclasses import replace

from assist_completion.display import confidence, line_policy
from assist_completion.display.closed_ends import closed_ends
from assist_completion.display.confidence import sure_part
from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.filters import CleanText, clean
from assist_completion.display.line_policy import Shape
from assist_completion.display.refutation import refuted_at
from assist_completion.display.suggestion_cache import KnownText
from assist_completion.prompt.fim_tokens import SPELLED
from assist_completion.suggestion import Suggestion
from assist_context.documents import TextNames


def finish(site: CursorSite, shape: Shape, raw: KnownText, least: float) -> Suggestion:
    """The suggestion that a raw text makes at a cursor. `reason` says why it is not shown.

    `least` is the log-probability below which the model doubts a token, as `confidence.limit` gives it.
    If the model doubts a token, the text before it is shown if it is long enough, of several lines the whole
    ones.
    """
    whole = line_policy.cut(site, raw.text, shape, ended=raw.ended)
    cleaned = _filter(site, whole)
    at = confidence.doubt(raw.text, raw.spans, least, lines=shape.multi)
    if at is None and cleaned.dropped:
        silent = raw.ended and not raw.text.strip()
        return Suggestion(reason="model-stopped" if silent else cleaned.dropped)
    end = confidence.first_line_end(raw.text)
    if at is None:
        shown = _close_end(site, whole, raw.skipped, cleaned)
    else:
        shown = _close_end(site, _cut_part(site, shape, sure_part(raw.text, at)), raw.skipped)
        # If nothing is shown, the score is that of the doubted token.
        end = min(at, end) + bool(shown.dropped)
    return Suggestion(
        text="" if shown.dropped else shown.text,
        candidate=cleaned.text,
        shown=not shown.dropped,
        reason=("low-confidence" if at is not None else shown.dropped) if shown.dropped else "",
        score=confidence.score_until(end, raw.spans),
        needed=confidence.score_at(least),
        replace=shown.replace,
    )


def before_refuted(site: CursorSite, shape: Shape, answer: Suggestion, refuted: TextNames) -> Suggestion:
    """The part of a suggestion before the first name that is refuted; of several lines, whole ones."""
    at = refuted_at(site, answer.text, refuted)
    if at is None:
        return answer
    shown = _close_end(site, _cut_part(site, shape, sure_part(answer.text, at)), 0)
    if shown.dropped:
        return replace(answer, text="", shown=False, reason="unknown-name", replace=0)
    return replace(answer, text=shown.text, replace=shown.replace)


def _cut_part(site: CursorSite, shape: Shape, part: str) -> str:
    """What a shape allows of the text before a doubt, which has whole lines if it has several."""
    return line_policy.cut(site, part, shape, ended="\n" in part.lstrip())


def _close_end(site: CursorSite, cut: str, skipped: int, cleaned: CleanText | None = None) -> CleanText:
    """The part of a text that may be shown, with a closed end; the first that passes the filters.

    `cleaned` is what the filters made of the whole text, None if it was cut at a doubt.
    """
    found = CleanText(dropped="open-bracket")
    for text in closed_ends(site, cut, doubted=cleaned is None):
        if cleaned is not None and text == cut:
            return cleaned
        if skipped + len(text.strip()) < confidence.LEAST or not text.strip():
            found = CleanText(dropped="open-bracket")
            continue
        found = _filter(site, text)
        if not found.dropped:
            break
    return found


def _filter(site: CursorSite, text: str) -> CleanText:
    # A file about such tokens may well hold them. Then one more of the same is no leak.
    leaks = [name for name in SPELLED if name in text and name not in site.before and name not in site.after]
    return clean(text, site, specials=leaks)
