"""A real Neovim on a real terminal: tmux shows it, its own RPC socket tells what it holds. It knows no test."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgpack
import psutil

PLUGIN = Path(__file__).parents[2] / "neovim-plugin"
SETUP = f"require('assist').setup({{ cmd = {{ '{Path(sys.executable).with_name('assist')}', 'lsp' }} }})\n"
PATIENCE = 30  # seconds; a model is opened and a prompt read on a busy machine in them
GHOST = """
local found = {}
local space = vim.api.nvim_create_namespace('assist.ghost')
for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
  table.insert(found, (mark[4].virt_text or { { '' } })[1][1])
  for _, line in ipairs(mark[4].virt_lines or {}) do
    local text = '\\n'
    for _, chunk in ipairs(line) do text = text .. chunk[1] end
    table.insert(found, text)
  end
end
return table.concat(found)
"""
INIT = """
vim.opt.runtimepath:prepend({plugin!r})
vim.o.swapfile, vim.o.cmdheight, vim.o.shiftwidth, vim.o.expandtab = false, 3, 4, true
vim.o.laststatus, vim.o.statusline = 2, '%f [%{{v:lua.require("assist").status()}}]'
_G.notes = {{}}
vim.notify = function(text) table.insert(_G.notes, text) end
"""


class Rpc:
    """Neovim's own remote calls, one at a time, over its socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(PATIENCE)
        self._unpacker, self._calls = msgpack.Unpacker(strict_map_key=False), 0

    def send(self, method: str, *arguments: Any) -> None:
        """Call, and do not wait."""
        self._calls += 1
        self._socket.sendall(msgpack.packb([0, self._calls, method, arguments]))

    def call(self, method: str, *arguments: Any) -> Any:
        """Call, and give the result; an error of the editor's fails the test."""
        self.send(method, *arguments)
        while True:
            for message in self._unpacker:
                if message[:2] == [1, self._calls]:
                    assert message[2] is None, message[2]
                    return message[3]
            received = self._socket.recv(1 << 16)
            assert received, "the editor is gone"
            self._unpacker.feed(received)

    def close(self) -> None:
        self._socket.close()


class Editor:
    """One Neovim in a terminal of 100 by 32; `dumps` are its screens, one a step."""

    def __init__(self, tmux: list[str], rpc: Rpc) -> None:
        self._tmux, self._rpc = tmux, rpc
        self.dumps: list[str] = []

    def lua(self, code: str, *arguments: Any) -> Any:
        """What Lua in the editor gives."""
        return self._rpc.call("nvim_exec_lua", code, arguments)

    def keys(self, keys: str) -> None:
        """Type, in Neovim's notation."""
        self._rpc.call("nvim_input", keys)
        self.dump(f"keys {keys}")

    def command(self, line: str) -> None:
        """Run a command line."""
        self._rpc.call("nvim_command", line)
        self.dump(f"command {line}")

    def open(self, path: Path, text: str | bytes) -> None:
        """Edit a file with this text, cursor at its end, in insert mode; no other stays open."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        self.keys("<C-\\><C-n>")
        self.command("silent! %bwipeout!")
        self.command(f"edit! {path}")
        self.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
        self.keys("G$a")
        self.until("return vim.api.nvim_get_mode().mode == 'i'", "insert mode")

    def write(self) -> bytes:
        """Save the file, and give its bytes."""
        self.keys("<Esc>")
        self.command("write")
        return Path(self.lua("return vim.api.nvim_buf_get_name(0)")).read_bytes()

    def screen(self) -> str:
        """What the terminal shows."""
        shown = subprocess.run(
            [*self._tmux, "capture-pane", "-p"], capture_output=True, check=True, encoding="utf-8"
        )
        return shown.stdout

    def shows(self, text: str) -> None:
        """Wait for a text on the screen, which is drawn a little after Neovim knows of it."""
        self.until(lambda: text in self.screen(), f"{text!r} on the screen")

    def leave_window(self, key: str = "q") -> None:
        """Close the floating window that has the cursor."""
        self.keys(key)
        self.until("return vim.api.nvim_win_get_config(0).relative == ''", "the window to close")

    def ghost(self) -> str:
        """The ghost text that is shown, lines joined."""
        return str(self.lua(GHOST))

    @property
    def newer(self) -> bool:
        """Whether it is later than 0.10."""
        return bool(self.lua("return vim.fn.has('nvim-0.11') == 1"))

    def lines(self) -> list[str]:
        return list(self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))

    def line(self) -> str:
        return str(self.lua("return vim.api.nvim_get_current_line()"))

    def until(self, condition: str | Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """Wait for Lua or a function to give something true; the failure shows the screen."""
        end = time.monotonic() + patience
        while True:
            found = self.lua(condition) if isinstance(condition, str) else condition()
            if found:
                self.dump(f"until {what}")
                return found
            if time.monotonic() > end:
                self.dump(f"no {what}")
                raise AssertionError(f"waited in vain for {what}\n{self.screen()}")
            time.sleep(0.02)

    def asked(self, command: str) -> Any:
        """The result of a command of the server's."""
        code = """
            local mine = vim.lsp.get_clients({ name = 'assist' })[1]
            local params, done = { command = 'assist.' .. ..., arguments = {} }, nil
            require('assist.client').request(mine, 'workspace/executeCommand', params, function(_, result)
              done = { result }
            end, vim.api.nvim_get_current_buf())
            vim.wait(20000, function() return done end, 10)
            return done[1]
        """
        return self.lua(code, command)

    def servers(self) -> list[psutil.Process]:
        """The language servers that this Neovim started."""
        ours = psutil.Process(self.lua("return vim.fn.getpid()")).children(recursive=True)
        found = []
        for each in ours:
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                found += [each] if each.cmdline()[-1:] == ["lsp"] else []
        return found

    def dump(self, step: str) -> None:
        """Keep what the screen shows."""
        self.dumps.append(f"--- {step}\n{self.screen()}")


@contextmanager
def editing(
    binary: Path, folder: Path, environ: Mapping[str, str], setup: str, *files: Path
) -> Iterator[Editor]:
    """A Neovim in `folder` with the plugin and `setup`, Lua that runs as a user's init.lua would."""
    place = Path(tempfile.mkdtemp(prefix="nvim-"))  # a socket's path must be short
    init = place / "init.lua"
    init.write_text(INIT.format(plugin=str(PLUGIN)) + setup)
    homes = {f"XDG_{each}_HOME": str(place / each) for each in ("CONFIG", "DATA", "STATE", "CACHE")}
    env = {**os.environ, **environ, **homes, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
    tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(place / "tmux")]
    size = ["new-session", "-d", "-x", "100", "-y", "32"]
    command = [str(binary), "-u", str(init), "-i", "NONE", "--listen", str(place / "rpc"), *map(str, files)]
    subprocess.run([*tmux, *size, *command], cwd=folder, env=env, check=True)
    try:
        rpc = _attach(place / "rpc")
        try:
            editor = Editor(tmux, rpc)
            editor.until("return vim.v.vim_did_enter == 1", "the start")
            yield editor
        finally:
            rpc.send("nvim_command", "noautocmd qall!")
            rpc.close()
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)
        shutil.rmtree(place, ignore_errors=True)


def _attach(path: Path) -> Rpc:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return Rpc(path)
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
