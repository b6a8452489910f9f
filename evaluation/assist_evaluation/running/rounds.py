"""The order of the work: rounds in which every candidate gets the same few tasks of each kind.

A run that ends early has then asked all candidates about the same tasks, but for its last round.
"""

from collections.abc import Iterator, Mapping, Sequence

from assist_evaluation.tasks import EvalTask, Kind

# Tasks of a kind in a round. A round takes about a minute with a small model on two cores, so that loading it
# (a second) costs little and three rounds fit into a few minutes.
CHUNKS: Mapping[Kind, int] = {"lines": 12, "typing": 1, "bodies": 3, "edits": 2, "next": 4, "questions": 30}


def rounds(tasks: Sequence[EvalTask]) -> Iterator[tuple[EvalTask, ...]]:
    """Yield the tasks of each round, in their own order, until there are none left.

    >>> kinds = [EvalTask(str(n), "lines", "", "", "", "", 1, 1) for n in range(13)]
    >>> [len(each) for each in rounds(kinds)]
    [12, 1]
    """
    by_kind: dict[Kind, list[EvalTask]] = {}
    for task in tasks:
        by_kind.setdefault(task.kind, []).append(task)
    at = 0
    while True:
        found = [
            task for kind, own in by_kind.items() for task in own[at * CHUNKS[kind] : (at + 1) * CHUNKS[kind]]
        ]
        if not found:
            return
        yield tuple(found)
        at += 1
