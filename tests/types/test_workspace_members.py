"""What a real, indexed folder says of the objects in it, asked as the core asks."""

from pathlib import Path

from indexing import corpus_of

from assist_context.documents import Cursor, Document, MemberAccess, TextNames, WrittenCall, split_lines
from assist_context.languages import language_of
from assist_context.retrieval.known_names import NameCheck
from assist_types.workspace_members import WorkspaceMembers

FILES = {
    "shop/__init__.py": "",
    "shop/models.py": "class Money:\n    def add(self, other): ...\n",
}
SOURCE = "from .models import Money\n\n\ndef pay(money: Money):\n    \n"


def test_members_and_calls_belong_to_the_type_of_their_object(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "w", FILES)
    document = Document("shop/till.py", split_lines(SOURCE), language_of("till.py"))
    fits, misfit = WrittenCall("money.add", 1), WrittenCall("money.add", 2)
    accesses = frozenset({MemberAccess("money", "amount"), MemberAccess("other", "amount")})
    names = TextNames(accesses=accesses, calls=frozenset({fits, misfit}))
    check = NameCheck(WorkspaceMembers(corpus))
    for _ in range(2):  # the second time the text is not read again
        found = check.refute([corpus], document, Cursor(4, 4), names)
        assert found.accesses == {MemberAccess("money", "amount")}
        assert found.calls == {misfit}
    assert NameCheck().refute([corpus], document, Cursor(4, 4), names) == TextNames()
    corpus.reader.close()


def test_members_of_the_object_itself_may_be_inherited(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "w", FILES)
    source = "import shop.models\n\n\nclass Coin(list):\n    def pay(self):\n        \n"
    document = Document("coin.py", split_lines(source), language_of("coin.py"))
    names = TextNames(members=frozenset({"extend", "unheard"}))
    members = WorkspaceMembers(corpus)
    assert NameCheck(members).refute([corpus], document, Cursor(5, 8), names).members == {"unheard"}
    assert NameCheck().refute([corpus], document, Cursor(5, 8), names).members == {"extend", "unheard"}
    corpus.reader.close()
