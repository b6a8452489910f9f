"""The wish for f-strings or template literals: all places of the code in question."""

from assist_context.languages import ECMASCRIPT
from assist_context.syntax.scopes.parsed_text import ParsedText
from assist_context.wished_edits.code_texts import (
    CodeTexts,
    WishedCode,
    WishedEdit,
    count_words,
    lines_span,
    places_in_words,
    with_edits,
)
from assist_context.wished_edits.f_string import Conversion, python_conversions
from assist_context.wished_edits.reading import InterpolationWish
from assist_context.wished_edits.template_literal import ecma_conversions


def interpolate(texts: CodeTexts, code: WishedCode, wish: InterpolationWish) -> WishedEdit | None:
    """The edit; `None` if there is nothing to convert, or nothing of it is sure."""
    path = code.lines.path
    parsed = texts.parse(path)
    found = list(_conversions(parsed, code, wish))
    sure = [conversion for conversion in found if conversion.text]
    if not sure:
        return None
    edits = [(*conversion.span, conversion.text) for conversion in sure]
    python = parsed.document.language.name == "python"
    what = "f-string" if python else "template literal"
    reading = f"{count_words(len(sure), 'text')} of {code.name or path} put together in parts: as {what}s"
    others = [conversion for conversion in found if not conversion.text]
    left = []
    if others:
        places = places_in_words((path, parsed.source.line(conversion.span[0])) for conversion in others)
        left = [f"{count_words(len(others), 'text')} might become another one, and stay as before: {places}"]
    return WishedEdit(reading, {path: with_edits(parsed, edits)}, tuple(left))


def _conversions(parsed: ParsedText, code: WishedCode, wish: InterpolationWish) -> list[Conversion]:
    span = lines_span(parsed, code.lines)
    language = parsed.document.language.name
    if language == "python" and not wish.template:
        return list(python_conversions(parsed, span, wish.kind))
    return list(ecma_conversions(parsed, span)) if language in ECMASCRIPT and wish.kind in ("", "+") else []
