"""The facts that an editor asks for. It imports nothing that only models or providers need."""

from typing import Any

from assist_server.editor.question import EditorQuestion, WorkspaceSnapshot
from assist_server.editor.question_place import place_of, uris_in
from assist_server.errors import UserError
from assist_server.questions.code_facts import code_facts
from assist_server.questions.targets import lines_in_document
from assist_server.wording.facts import fact_documents, fact_rows


def facts_message(question: EditorQuestion, snapshot: WorkspaceSnapshot) -> dict[str, Any]:
    """What is certain about the definition in question, or about the file if there is none. It blocks."""
    programs = snapshot.config.programs
    with place_of(question, snapshot) as place:
        corpus = place.folders.corpus
        target = place.target
        if target is None:
            raise UserError("Open the document first, then ask for its facts.")
        found = code_facts(corpus, target, programs)
        if found is None:
            whole = lines_in_document(corpus, target.document, 0, 0)
            found = code_facts(corpus, whole, programs)
    rows = fact_rows(found) if found else []
    return {"facts": fact_documents(rows, uris_in(snapshot, corpus.root))}
