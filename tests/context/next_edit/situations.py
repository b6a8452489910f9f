"""Situations from the texts that a document was in turn, each made from the last one by one edit."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from scenario import Session, applied

from assist_context.documents import split_lines
from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.offer import Offer, Situation

MOST_OFFERS = 40  # of one chain in a test


def session_after(
    path: str, texts: Sequence[str], others: Mapping[str, str] | None = None, pause: int = 100
) -> Session:
    """A session in which a document was each of some texts, with a pause in seconds after each edit."""
    moments = iter(range(0, 1_000_000, pause))
    session = Session({path: texts[0], **(others or {})}, path, EditHistory(lambda: float(next(moments))))
    for text in texts[1:]:
        change_to(session, path, text)
    return session


def change_to(session: Session, path: str, text: str) -> None:
    """One edit that makes a document this text."""
    old = session.texts[path]
    most = min(len(old), len(text))
    first = next((at for at in range(most) if old[at] != text[at]), most)
    same = next((at for at in range(most - first) if old[-1 - at] != text[-1 - at]), most - first)
    session.replace(path, first, len(old) - same, text[first : len(text) - same])


def after_edits(path: str, texts: Sequence[str], others: Mapping[str, str] | None = None) -> Situation:
    """The situation after a document was each of some texts; a pause is between the edits."""
    situation = session_after(path, texts, others).situation()
    assert situation is not None
    return situation


def accept_all(session: Session, find: Callable[[Situation], Iterator[Offer]]) -> None:
    """Make the first change of the first offer, and so on with what is offered then, until nothing is."""
    for _ in range(MOST_OFFERS):
        situation = session.situation()
        offer = None if situation is None else next(find(situation), None)
        if offer is None:
            return
        change = offer.changes[0]
        lines = split_lines(session.texts[change.path])
        start, end = (sum(map(len, lines[: at.line])) + at.column for at in (change.start, change.end))
        session.history.expect_offer(change)
        session.replace(change.path, start, end, change.text)
    raise AssertionError(session.texts)


def texts_of(
    situation: Situation, offers: Sequence[Offer], others: Mapping[str, str] | None = None
) -> list[str]:
    """What each offer makes of its document."""
    texts = {situation.document.path: situation.document.text, **(others or {})}
    return [applied(texts[each.path], each.changes) for each in offers]
