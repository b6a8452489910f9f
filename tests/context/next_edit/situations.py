"""Situations from the texts that a document was in turn, each made from the last one by one edit."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from scenario import Session, applied, least, offset

from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.offer import Offer, Situation

MAX_OFFERS = 40  # of one chain in a test


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
    session.replace(path, *least(session.texts[path], text))


def after_edits(path: str, texts: Sequence[str], others: Mapping[str, str] | None = None) -> Situation:
    """The situation after a document was each of some texts; a pause is between the edits."""
    situation = session_after(path, texts, others).situation()
    assert situation is not None
    return situation


def accept(session: Session, offer: Offer) -> None:
    """Make the first change of an offer."""
    change = offer.changes[0]
    text = session.texts[change.path]
    session.history.expect_offer(change)
    session.replace(change.path, offset(text, change.start), offset(text, change.end), change.text)


def accept_all(session: Session, find: Callable[[Situation], Iterator[Offer]]) -> None:
    """Make the first change of the first offer, and so on with what is offered then, until nothing is."""
    for _ in range(MAX_OFFERS):
        situation = session.situation()
        offer = None if situation is None else next(find(situation), None)
        if offer is None:
            return
        accept(session, offer)
    raise AssertionError(session.texts)


def texts_of(
    situation: Situation, offers: Sequence[Offer], others: Mapping[str, str] | None = None
) -> list[str]:
    """What each offer makes of its document."""
    texts = {situation.document.path: situation.document.text, **(others or {})}
    return [applied(texts[each.path], each.changes) for each in offers]
