"""Ghost text that names what the editor's own language servers know not to exist, in a real Neovim: held back."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from editors_servers import python_server, typescript_server
from hiding_server import HidingServer
from neovim_editor import SETUP, Editor

# A wrong line each, by which one sees that a server has read the file; then the cursor, an invention, a member.
FILES = (
    (
        "a.py",
        "import json\nwrong: int = 'x'\ncoder = json.JSONDecoder()\nvalue = coder",
        "parse()",
        "decode('1')",
    ),
    (
        "a.ts",
        "const wrong: number = 'x';\nconst shapes = [1];\nconst first = shapes",
        "getFirst()",
        "concat(3)",
    ),
)
ASK = """
local about = { uri = vim.uri_from_bufnr(0), version = vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()] }
local at = { line = vim.fn.line('.') - 1, character = 0 }
local asked = { textDocument = about, position = at, want = 'members', limit = 9, within = 9 }
return require('assist.editor_knowledge').on_ask(nil, asked) == vim.NIL
"""
ATTACH = """
local function attach(filetype, cmd)
  vim.api.nvim_create_autocmd('FileType', { pattern = filetype, callback = function(event)
    vim.lsp.start({ name = cmd[1], cmd = cmd, root_dir = vim.fs.dirname(event.file) }, { bufnr = event.buf })
  end })
end
"""


@pytest.fixture
def editor(
    nvim: Callable[..., Editor], environ: dict[str, str], tmp_path: Path, server: HidingServer
) -> Editor:
    """A Neovim with ty and TypeScript's server."""
    servers = (("python", python_server()), ("typescript", typescript_server()))
    lines = [f"attach('{name}', {{ {', '.join(map(repr, command))} }})" for name, command in servers]
    space = tmp_path / "space"
    (space / ".git").mkdir(parents=True)
    (space / "start.txt").write_text("start\n")
    opened = nvim(space, environ, space / "start.txt", setup="\n".join([ATTACH, *lines, SETUP]))
    opened.until("return require('assist').status():find('ready')", "the server to be used")
    return opened


def count(editor: Editor, name: str) -> int:
    return int(editor.run_server_command("status")["counts"].get(name, 0))


def is_refuted(editor: Editor, number: int) -> bool:
    """Whether so many texts were refuted. Where a busy machine was too late, the dot is typed again."""
    if count(editor, "editor-refuted") == number:
        return True
    if editor.ghost() and count(editor, "looked-up-late"):
        editor.keys("<BS>.")
    return False


def test_what_other_servers_know_not_to_exist_is_held_back(
    editor: Editor, tmp_path: Path, server: HidingServer
) -> None:
    for number, (name, text, invented, real) in enumerate(FILES, 1):
        answered = Event()
        server.answer(invented, lambda answered=answered: not answered.is_set())
        editor.open(tmp_path / "space" / name, text)
        editor.until("return #vim.diagnostic.get(0) > 0", "the other server")
        editor.keys(".")
        editor.until(lambda number=number: count(editor, "editor-answered") == number, "its answer")
        answered.set()
        editor.until(lambda number=number: is_refuted(editor, number), "the check")
        assert editor.ghost() == ""
        server.answer(real[1:])
        editor.keys(real[0])
        assert editor.until(editor.ghost, "ghost text") == real[1:]
        assert count(editor, "editor-asked") <= number + count(editor, "looked-up-late")
    editor.keys("<CR><C-x><C-n>")
    editor.until("return vim.fn.pumvisible() == 1", "the user's own menu")
    assert editor.lua(ASK)
