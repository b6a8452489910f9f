"""What a team's server receives of a private key, with the cursor in it, below it and in another file."""

from pathlib import Path

import pytest
from hostile import Hostile
from key_texts import KeyFile, key_files
from team_servers import pieces
from teams import team_of

from assist_completion.suggestion import CompletionRequest
from assist_context.documents import Context, Snippet
from assist_context.languages import language_of

FILES = key_files()
LONG = "".join(f"name_{number} = make_{number}(value_{number})\n" for number in range(40))


def context_at(
    file: KeyFile, path: Path, line: int, typed: str, snippets: tuple[Snippet, ...] = ()
) -> Context:
    lines = (LONG + file.text.replace("\r\n", "\n") + LONG).splitlines(keepends=True)
    before, after = "".join(lines[: 40 + line]) + typed, "\n" + "".join(lines[40 + line :])
    return Context("shop.py", language_of("shop.py"), before, after, 0, snippets, str(path))


@pytest.mark.parametrize("kind", FILES)
async def test_around_the_cursor_and_of_other_files(tmp_path: Path, kind: str) -> None:
    file = FILES[kind]
    async with Hostile(pieces("x")) as server, team_of(tmp_path, server.url, 60_000) as team:
        place = tmp_path / "space" / "shop.py"
        (place.parent / file.path).write_bytes(file.text.encode())
        lines = file.text.replace("\r\n", "\n").splitlines(keepends=True)
        for line in range(1, len(lines) + 20, 4):
            first = min(line, len(lines))
            other = Snippet(file.path, first, first, lines[first - 1], "definition", root=str(place.parent))
            context = context_at(file, place, line, "total = ", (other,))
            await team.engine.complete(CompletionRequest(context, immediate=True))
        sent = [request.body.decode() for request in server.requests]
    assert sent
    assert any("total" in body for body in sent)
    assert not [body for body in sent if file.left(body)]
