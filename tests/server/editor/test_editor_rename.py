"""A wish that is a rename goes to the editor's own language server, which knows types, if it has an answer."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from asked_shop import CART, PRICES, make_shop

from assist_context.documents import Document, split_lines
from assist_server.config.config import Config, load_lenient
from assist_server.editor.editor_rename import ask_editor_rename
from assist_server.editor.question import (
    DocumentState,
    EditorQuestion,
    RenameByServer,
    ReplacedRange,
    WorkspaceSnapshot,
)
from assist_server.editor.question_work import decide_question
from assist_server.questions.computed_edits import MadeEdit, NameToRename, RefactoringEdit
from assist_server.questions.decision import AnswerContext
from assist_server.workspace.folders import make_folders
from assist_server.workspace.index_update import update_index

BASKET = "# 🛒\nfrom shop.cart import Cart\n\n\nclass Basket(Cart):\n    def pay(self):\n        return self.total()\n"


@dataclass
class Editor:
    """An editor whose language server answers with these ranges, by path; None: it cannot rename."""

    root: Path
    answer: Mapping[str, Sequence[tuple[int, int, int, str]]] | None
    asked: list[tuple[str, NameToRename]] = field(default_factory=list)

    async def rename(self, _: str, line: str, name: NameToRename) -> RenameByServer | None:
        self.asked.append((line, name))
        if self.answer is None:
            return None
        edits = {
            (self.root / path).as_uri(): tuple(
                ReplacedRange(row, start, row, end, text) for row, start, end, text in ranges
            )
            for path, ranges in self.answer.items()
        }
        return RenameByServer(edits, "utf-16")


@dataclass(frozen=True)
class Asked:
    decided: AnswerContext
    editor: Editor

    @property
    def edit(self) -> RefactoringEdit:
        made = self.decided.found
        assert isinstance(made, MadeEdit)
        assert isinstance(made.edit, RefactoringEdit)
        return made.edit


def config_of(shop: Path) -> Config:
    own = str(shop.parent / "own")
    return load_lenient({**os.environ, "ASSIST_CONFIG_DIR": own, "ASSIST_DATA_DIR": own}, ())


async def ask(
    shop: Path,
    path: str,
    line: int,
    words: str,
    answer: Mapping[str, Sequence[tuple[int, int, int, str]]] | None,
) -> Asked:
    own = shop.parent / "own"
    file = shop / path
    state = DocumentState(Document(path, tuple(split_lines(file.read_text()))), str(file), 1)
    folders = make_folders([str(shop)], own)
    snapshot = WorkspaceSnapshot(config_of(shop), folders, {file.as_uri(): state})
    question = EditorQuestion("refactor", file.as_uri(), (line, 0), words)
    editor = Editor(shop, answer)
    decided, _ = decide_question(question, snapshot)
    return Asked(await ask_editor_rename(decided, question, snapshot, editor.rename), editor)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with an index, and a class that inherits a method: syntax does not say which calls mean it."""
    shop = make_shop(tmp_path_factory.mktemp("renames"))
    (shop / "shop" / "basket.py").write_text(BASKET, "utf-8", newline="\n")
    (shop.parent / "elsewhere.py").write_text("x = 1\n")
    update_index(config_of(shop), make_folders([str(shop)], shop.parent / "own")[0], lambda *_: None)
    return shop


async def test_a_method_that_syntax_cannot_rename_is_renamed_by_types(shop: Path) -> None:
    answer = {"shop/cart.py": [(11, 8, 13, "amount")], "shop/basket.py": [(6, 20, 25, "amount")]}
    found = await ask(shop, "shop/cart.py", 12, "rename total to amount", answer)
    assert found.editor.asked == [
        ("    def total(self):\n", NameToRename("shop/cart.py", 11, 8, "total", "amount"))
    ]
    assert found.edit.texts == {
        "shop/cart.py": CART.replace("total", "amount"),
        "shop/basket.py": BASKET.replace("total", "amount"),
    }
    assert found.decided.decision.why == "the editor's language server makes this rename"
    assert found.edit.reading == (
        "rename `total` of shop/cart.py:12 to `amount`, with 1 more place in 2 files, "
        "by the rename of the editor's language server"
    )


async def test_without_an_answer_syntax_makes_it(shop: Path) -> None:
    found = await ask(shop, "shop/prices.py", 1, "rename gross to with_tax", None)
    assert len(found.editor.asked) == 1
    assert found.edit.texts["shop/cart.py"] == CART.replace("gross", "with_tax")
    assert "language server" not in found.edit.reading


async def test_a_place_that_only_syntax_would_change_is_asked_about(shop: Path) -> None:
    answer = {"shop/prices.py": [(0, 4, 9, "with_tax")]}
    found = await ask(shop, "shop/prices.py", 1, "rename gross to with_tax", answer)
    assert found.edit.texts == {"shop/prices.py": PRICES.replace("gross", "with_tax")}
    assert found.edit.left == (
        "the language server did not rename the `gross` at shop/cart.py:3, shop/cart.py:13",
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"shop/prices.py": [(0, 4, 9, "net")], "../elsewhere.py": [(0, 0, 1, "net")]},
        {"shop/prices.py": [(0, 4, 9, "net"), (0, 6, 9, "net")]},
        {"shop/cart.py": [(2, 24, 29, "net")]},
        {"shop/prices.py": [(0, 4, 9, "net")], "shop/missing.py": [(0, 0, 1, "net")]},
    ],
    ids=["outside", "overlapping", "not the name", "no such file"],
)
async def test_an_answer_that_cannot_be_used_leaves_the_edit_by_syntax(
    shop: Path, answer: Mapping[str, Sequence[tuple[int, int, int, str]]]
) -> None:
    found = await ask(shop, "shop/prices.py", 1, "rename gross to with_tax", answer)
    assert found.edit.texts["shop/prices.py"] == PRICES.replace("gross", "with_tax")
    assert len(found.edit.texts) == 2


async def test_only_a_rename_is_asked_for(shop: Path) -> None:
    found = await ask(shop, "shop/prices.py", 1, "replace 1.2 with a constant TAX_FACTOR", None)
    assert found.editor.asked == []


async def test_a_name_that_is_taken_is_not_asked_for(shop: Path) -> None:
    found = await ask(shop, "shop/cart.py", 12, "rename total to class", {})
    assert found.editor.asked == []
