"""A fake language server inside a Neovim, next edits that it offers, and what a test sees of them.

The server is a function in the editor, one of the two forms of `cmd` that Neovim's client takes.
"""

import json
from pathlib import Path
from typing import Any

from neovim_editor import Editor

SERVER = """
_G.heard = {}
local able = { positionEncoding = 'utf-16', textDocumentSync = { openClose = true, change = 2 } }
local function serving(capabilities, answers)
  return function(dispatchers)
    local number, closing = 0, false
    local function note(method, params) table.insert(_G.heard, { method, vim.json.encode(params or {}) }) end
    _G.notify = dispatchers.notification
    answers.initialize = function() return { capabilities = vim.tbl_extend('keep', capabilities, able) } end
    return {
      request = function(method, params, callback)
        number = number + 1
        note(method, params)
        callback(nil, answers[method] and answers[method](params) or vim.NIL)
        return true, number
      end,
      notify = function(method, params) note(method, params) return true end,
      is_closing = function() return closing end,
      terminate = function() closing = true end,
    }
  end
end
"""
OFFERING = (
    SERVER
    + """
_G.edits, _G.ghost, _G.chain = {}, {}, vim.NIL
_G.push = function(more)
  local buf = vim.api.nvim_get_current_buf()
  local document = { uri = vim.uri_from_bufnr(buf), version = vim.lsp.util.buf_versions[buf] }
  _G.notify('assist/nextEditReady', vim.tbl_extend('force', { textDocument = document }, more))
end
local answers = {
  ['textDocument/inlineCompletion'] = function() return { items = _G.ghost } end,
  ['assist/nextEdit'] = function(params)
    local found = _G.edits[1]
    if not found then return { edits = {}, display = vim.NIL } end
    local edit = vim.deepcopy(found.edit)
    local uri = edit.file and vim.uri_from_fname(vim.fn.getcwd() .. '/' .. edit.file)
    if uri == params.textDocument.uri then found.display.file, uri = '', nil end
    local version = not uri and params.textDocument.version - (edit.late or 0) or vim.NIL
    edit.textDocument = { uri = uri or params.textDocument.uri, version = version }
    return { edits = { edit }, display = found.display }
  end,
  ['assist/nextEditChain'] = function()
    local buf = vim.api.nvim_get_current_buf()
    _G.chain.textDocument = { uri = vim.uri_from_bufnr(buf), version = vim.lsp.util.buf_versions[buf] }
    return _G.chain
  end,
  ['workspace/executeCommand'] = function(params)
    local taken = params.command == 'assist.nextEditAccepted' or params.command == 'assist.nextEditRejected'
    if taken then table.remove(_G.edits, 1) end
    if taken and params.arguments[2] == 'chain' then _G.edits = {} end
  end,
}
local serve = serving({
  inlineCompletionProvider = {},
  executeCommandProvider = { commands = { 'assist.nextEditAccepted', 'assist.nextEditRejected' } },
}, answers)
require('assist').setup({ cmd = serve })
vim.keymap.set('n', '<Tab>', function() _G.tabbed = (_G.tabbed or 0) + 1 end)
vim.keymap.set('i', '<Tab>', function() return vim.fn.pumvisible() == 1 and '<C-n>' or 'TABBED' end, { expr = true })
vim.keymap.set('n', '<Esc>', function() _G.escaped = (_G.escaped or 0) + 1 end)
"""
)
MARKS = """
local found = {}
local space = vim.api.nvim_create_namespace('assist.next_edit')
for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
  local _, row, col, more = unpack(mark)
  local text = ''
  for _, line in ipairs({ more.virt_text or {}, unpack(more.virt_lines or {}) }) do
    for _, chunk in ipairs(line) do text = text .. chunk[1] end
    text = text .. '|'
  end
  table.insert(found, { row, col, more.end_row or -1, more.end_col or -1, more.hl_group or '', text })
end
return found
"""
LINES = "".join(f"name_{number} = old({number})\n" for number in range(1, 101))


def open_file(editor: Editor, text: str | bytes = LINES, line: int = 1, name: str = "a.txt") -> Path:
    """Open a file with the cursor at the beginning of a line, in normal mode."""
    path = Path(editor.lua("return vim.fn.getcwd()")) / name
    editor.open(path, text)
    editor.keys(f"<C-\\><C-n>{line}G0")
    editor.until(f"return vim.fn.line('.') == {line}", "the line")
    return path


def make_offer(
    start: tuple[int, int],
    end: tuple[int, int],
    deleted: str,
    text: str,
    file: str = "",
    late: int = 0,
    **display: Any,
) -> dict[str, Any]:
    """An edit as the server offers it. Lines count from 0, columns in UTF-16 units."""
    (line, character), (last, stop) = start, end
    span = {"start": {"line": line, "character": character}, "end": {"line": last, "character": stop}}
    shown = {
        "words": "the same change as in line 1",
        "remaining": 1,
        "file": file,
        "line": line,
        "inline": False,
    }
    edit = {"id": 7, "kind": "repeat", "range": span, "text": text, "late": late}
    if file:
        edit["file"] = file
    return {"edit": edit, "display": {**shown, "deleted": deleted, **display}}


def make_renaming(line: int, **display: Any) -> dict[str, Any]:
    """The call in a line, from 1, becomes another one."""
    start = len(f"name_{line} = ")
    return make_offer((line - 1, start), (line - 1, start + 3), "old", "fresh", **display)


def make_chain(*lines: int) -> dict[str, Any]:
    """All these renamings, as the server lists them."""
    edits = [
        {
            "range": make_renaming(line)["edit"]["range"],
            "text": "fresh",
            "line": line - 1,
            "before": f"name_{line} = old({line})\n",
            "after": f"name_{line} = fresh({line})\n",
        }
        for line in lines
    ]
    return {"edits": edits, "words": "the same change"}


def push(editor: Editor, *offers: dict[str, Any]) -> None:
    """Let the server say that it has offers, one after the other."""
    editor.lua("_G.edits = ...", list(offers))
    editor.lua("_G.push({})")


def marks(editor: Editor) -> list[list[Any]]:
    return list(editor.lua(MARKS))


def heard_messages(editor: Editor, method: str) -> list[Any]:
    return [json.loads(each[1]) for each in editor.lua("return _G.heard") if each[0] == method]


def heard_commands(editor: Editor) -> list[tuple[str, list[Any]]]:
    commands = heard_messages(editor, "workspace/executeCommand")
    return [(each["command"], each.get("arguments", [])) for each in commands]


def visible(editor: Editor) -> bool:
    return editor.lua("return vim.fn.maparg('<Tab>', 'n', false, true).buffer == 1")


def at(editor: Editor) -> list[int]:
    """Where the cursor is: line from 1, column in bytes from 0."""
    return list(editor.lua("return vim.api.nvim_win_get_cursor(0)"))
