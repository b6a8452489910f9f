"""What becomes of a wish in a small workspace."""

from collections.abc import Callable, Mapping

from assist_server.questions.computed_edits import RefactoringEdit, RefactoringProblem

# The files, the target as `path` or `path:Name`, and the words.
Wished = Callable[[Mapping[str, str], str, str], RefactoringEdit | None]
Answered = Callable[[Mapping[str, str], str, str], RefactoringEdit | RefactoringProblem | None]
Refused = Callable[[Mapping[str, str], str, str], str]
