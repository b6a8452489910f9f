"""Which of many open documents a search gets: the work for one does not grow with their number."""

from collections import Counter

from assist_server.editor.open_documents import LATEST, MANY, OpenDocuments
from assist_server.workspace.documents import Edit, OpenDocument


def opened(count: int) -> OpenDocuments:
    documents = OpenDocuments(Counter())
    for number in range(count):
        documents.add(OpenDocument(f"file:///{number}", f"{number}.py", "python", 1, ["x\n"]))
    return documents


def names(documents: OpenDocuments) -> list[str]:
    return [document.path for document in documents.latest()]


def test_few_documents_are_all_in_every_search() -> None:
    assert names(opened(3)) == ["0.py", "1.py", "2.py"]


def test_of_many_documents_a_search_gets_the_latest() -> None:
    assert names(opened(5_000)) == [f"{number}.py" for number in range(5_000 - LATEST, 5_000)]


def test_an_edit_makes_a_document_the_latest() -> None:
    documents = opened(5_000)
    documents.change("file:///7", 2, [Edit("y", (0, 0), (0, 0))])
    assert names(documents)[-1] == "7.py"
    assert documents.get("file:///7") in documents.latest()
    documents.change("file:///8", 1, [Edit("y", (0, 0), (0, 0))])  # an old version changes nothing
    assert names(documents)[-1] == "7.py"


def test_a_change_of_many_edits_is_compared_once_and_one_of_few_is_followed() -> None:
    followed: list[str] = []
    compared: list[tuple[list[str], list[str]]] = []
    documents = OpenDocuments(
        Counter(),
        lambda *edit: followed.append(edit[-1]),
        lambda document, old: compared.append((list(old), list(document.lines))),
    )
    documents.add(OpenDocument("u", "a.py", "python", 1, ["x\n", ""]))
    documents.change("u", 2, [Edit("y", (0, 0), (0, 0))] * MANY)
    assert (len(followed), compared) == (MANY, [])
    documents.change("u", 3, [Edit("z", (0, 0), (0, 0))] * (MANY + 1))
    assert len(followed) == MANY
    assert compared == [(["y" * MANY + "x\n", ""], ["z" * (MANY + 1) + "y" * MANY + "x\n", ""])]
    documents.change("u", 3, [Edit("z", (0, 0), (0, 0))] * (MANY + 1))  # an old version changes nothing
    assert len(compared) == 1


def test_different_texts_at_several_places_are_a_formatters_and_typed_keys_are_not() -> None:
    followed: list[str] = []
    compared: list[object] = []
    documents = OpenDocuments(
        Counter(), lambda *edit: followed.append(edit[-1]), lambda *_: compared.append(_)
    )
    documents.add(OpenDocument("u", "a.py", "python", 1, ["x\n", "y\n", "z\n", ""]))
    documents.change("u", 2, [Edit(text, (0, at), (0, at)) for at, text in enumerate("abc")])
    documents.change("u", 3, [Edit("new", (line, 0), (line, 1)) for line in range(3)])
    assert (len(followed), compared) == (6, [])
    documents.change("u", 4, [Edit(text, (line, 0), (line, 0)) for line, text in enumerate("abc")])
    assert (len(followed), len(compared)) == (6, 1)
