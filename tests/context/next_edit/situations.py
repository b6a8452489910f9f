"""Situations from the texts that a document was in turn, each made from the last one by one edit."""

from collections.abc import Mapping, Sequence

from scenario import Session, applied

from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.offer import Offer, Situation


def after_edits(path: str, texts: Sequence[str], others: Mapping[str, str] | None = None) -> Situation:
    """The situation after a document was each of some texts; a pause is between the edits."""
    moments = iter(range(0, 1_000_000, 100))
    session = Session({path: texts[0], **(others or {})}, path, EditHistory(lambda: float(next(moments))))
    for text in texts[1:]:
        old = session.texts[path]
        most = min(len(old), len(text))
        first = next((at for at in range(most) if old[at] != text[at]), most)
        same = next((at for at in range(most - first) if old[-1 - at] != text[-1 - at]), most - first)
        session.replace(path, first, len(old) - same, text[first : len(text) - same])
    situation = session.situation()
    assert situation is not None
    return situation


def texts_of(
    situation: Situation, offers: Sequence[Offer], others: Mapping[str, str] | None = None
) -> list[str]:
    """What each offer makes of its document."""
    texts = {situation.document.path: situation.document.text, **(others or {})}
    return [applied(texts[each.path], each.changes) for each in offers]
