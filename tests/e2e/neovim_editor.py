"""A real Neovim in a real terminal: tmux shows its screen, its RPC socket gives its state.

It knows no test.
"""

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
PATIENCE = 90  # seconds: enough to open a model and read a prompt on a busy machine
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
    """Neovim's own remote calls over its socket, one at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(PATIENCE)
        self._unpacker = msgpack.Unpacker(strict_map_key=False)
        self._calls = 0

    def send(self, method: str, *arguments: Any) -> None:
        """Call without waiting for the result."""
        self._calls += 1
        self._socket.sendall(msgpack.packb([0, self._calls, method, arguments]))

    def call(self, method: str, *arguments: Any) -> Any:
        """Call and return the result. An error in the editor fails the test."""
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
    """One Neovim in a terminal of 100 by 32. `dumps` are its screens, one per step."""

    def __init__(self, tmux: list[str], rpc: Rpc) -> None:
        self._tmux = tmux
        self._rpc = rpc
        self.dumps: list[str] = []

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua in the editor and return its result."""
        return self._rpc.call("nvim_exec_lua", code, arguments)

    def keys(self, keys: str) -> None:
        """Type keys in Neovim's notation."""
        self._rpc.call("nvim_input", keys)
        self.dump(f"keys {keys}")

    def command(self, line: str) -> None:
        """Run a command line."""
        self._rpc.call("nvim_command", line)
        self.dump(f"command {line}")

    def open(self, path: Path, text: str | bytes) -> None:
        """Edit a file with this text, with the cursor at its end, in insert mode. Closes all other files."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        self.keys("<C-\\><C-n>")
        self.command("silent! %bwipeout!")
        self.command(f"edit! {path}")
        self.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
        self.keys("G$a")
        self.until("return vim.api.nvim_get_mode().mode == 'i'", "insert mode")

    def write(self) -> bytes:
        """Save the file, and return its bytes."""
        self.keys("<Esc>")
        self.command("write")
        return Path(self.lua("return vim.api.nvim_buf_get_name(0)")).read_bytes()

    def screen(self) -> str:
        """Return what the terminal shows."""
        shown = subprocess.run(
            [*self._tmux, "capture-pane", "-p"], capture_output=True, check=True, encoding="utf-8"
        )
        return shown.stdout

    def shows(self, text: str) -> None:
        """Wait for a text on the screen, which is drawn a little after Neovim has it."""
        self.until(lambda: text in self.screen(), f"{text!r} on the screen")

    def leave_window(self, key: str = "q") -> None:
        """Close the floating window that has the cursor."""
        self.keys(key)
        self.until("return vim.api.nvim_win_get_config(0).relative == ''", "the window to close")

    def ghost(self) -> str:
        """Return the visible ghost text, with its lines joined."""
        return str(self.lua(GHOST))

    @property
    def newer(self) -> bool:
        """Whether it is newer than 0.10."""
        return bool(self.lua("return vim.fn.has('nvim-0.11') == 1"))

    def lines(self) -> list[str]:
        return list(self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))

    def line(self) -> str:
        return str(self.lua("return vim.api.nvim_get_current_line()"))

    def until(self, condition: str | Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """Wait until Lua or a function returns something true. The failure shows the screen."""
        end = time.monotonic() + patience
        while True:
            found = self.lua(condition) if isinstance(condition, str) else condition()
            if found:
                self.dump(f"until {what}")
                return found
            if time.monotonic() > end:
                self.dump(f"no {what}")
                raise AssertionError(f"waited {patience} s, but not seen: {what}\n{self.screen()}")
            time.sleep(0.02)

    def run_server_command(self, command: str) -> Any:
        """Run a command of the server and return its result."""
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

    def indexed_files(self) -> int:
        """How many files of its folders the index has, 0 before it is ready."""
        events = self.run_server_command("index")["events"]
        return sum(event["files"] for event in events if event["event"] == "ready")

    def servers(self) -> list[psutil.Process]:
        """Return the language servers that this Neovim started."""
        ours = psutil.Process(self.lua("return vim.fn.getpid()")).children(recursive=True)
        found = []
        for each in ours:
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                found += [each] if each.cmdline()[-1:] == ["lsp"] else []
        return found

    def dump(self, step: str) -> None:
        """Record what the screen shows."""
        self.dumps.append(f"--- {step}\n{self.screen()}")


@contextmanager
def running_neovim(
    binary: Path, folder: Path, environ: Mapping[str, str], setup: str, *files: Path
) -> Iterator[Editor]:
    """Run Neovim in `folder` with the plugin and `setup`, which is Lua that runs like a user's init.lua."""
    home = Path(tempfile.mkdtemp(prefix="nvim-"))  # a socket's path must be short
    init = home / "init.lua"
    init.write_text(INIT.format(plugin=str(PLUGIN)) + setup)
    homes = {f"XDG_{each}_HOME": str(home / each) for each in ("CONFIG", "DATA", "STATE", "CACHE")}
    env = {**os.environ, **environ, **homes, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
    tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(home / "tmux")]
    size = ["new-session", "-d", "-x", "100", "-y", "32"]
    command = [str(binary), "-u", str(init), "-i", "NONE", "--listen", str(home / "rpc"), *map(str, files)]
    subprocess.run([*tmux, *size, *command], cwd=folder, env=env, check=True)
    try:
        rpc = _attach(home / "rpc")
        try:
            editor = Editor(tmux, rpc)
            editor.until("return vim.v.vim_did_enter == 1", "the start")
            yield editor
        finally:
            rpc.send("nvim_command", "noautocmd qall!")
            rpc.close()
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def _attach(path: Path) -> Rpc:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return Rpc(path)
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
