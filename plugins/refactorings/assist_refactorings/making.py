"""From a wish in words to an edit, if it clearly means an edit that needs no model."""

from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_refactorings.code_texts import CodeTexts, WishedCode, is_exact
from assist_refactorings.constant import to_constant
from assist_refactorings.parameter import add_parameter, remove_parameter
from assist_refactorings.reading import (
    AddedParameterWish,
    ConstantWish,
    LinterWish,
    RemovedParameterWish,
    RenameWish,
    SyntaxWish,
    read_wish,
)
from assist_refactorings.rename import rename
from assist_server.questions.computed_edits import RefactoringEdit, RefactoringProblem


def wished_edit(corpus: Corpus, code: WishedCode, words: str) -> RefactoringEdit | RefactoringProblem | None:
    """The edit that some words ask for, or why it cannot be made; `None` if a model has to be asked."""
    wish = read_wish(words)
    if wish is None or isinstance(wish, LinterWish) or not language_of(code.lines.path).grammar:
        return None
    texts = CodeTexts(corpus)
    parsed = texts.parse(code.lines.path)
    if parsed.root is None or parsed.root.has_error or not is_exact(parsed):
        return None
    made = make(texts, code, wish)
    if made is None or isinstance(made, RefactoringProblem):
        return made
    if not all(is_exact(texts.parse(path)) for path in made.texts):
        return None
    changed = {path: text for path, text in made.texts.items() if text != texts.parse(path).document.text}
    return made if changed else RefactoringProblem(made.reading, "the code is already like that")


def make(texts: CodeTexts, code: WishedCode, wish: SyntaxWish) -> RefactoringEdit | RefactoringProblem | None:
    """The edit of a wish that was read, or why it cannot be made."""
    made: RefactoringEdit | RefactoringProblem | None
    match wish:
        case RenameWish():
            made = rename(texts, code, wish)
        case ConstantWish():
            made = to_constant(texts, code, wish)
        case AddedParameterWish():
            made = add_parameter(texts, code, wish)
        case RemovedParameterWish():
            made = remove_parameter(texts, code, wish)
    return made
