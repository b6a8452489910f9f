"""A typist at a real Neovim: plays a trace key by key, with slips, pauses, popups, and accepts what is right.

Needs what `make e2e` installs. What happened is written down by neovim_watch.lua, in Neovim.
"""

import random
import sys
import time
from pathlib import Path
from typing import Any

from bench.typing.editor_figures import TypingLog
from bench.typing.screen import WORTH
from bench.typing.typist import Progress, Trace, TypingEvent, Visit

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "e2e"))

from neovim_editor import Editor

WATCH = f"dofile({str(Path(__file__).with_name('neovim_watch.lua'))!r})\n"
# An editor adds nothing by itself to what is typed, and no item of a popup is chosen.
PLAIN = "setlocal noautoindent nocindent indentexpr= formatoptions= completeopt=menuone,noselect"
POPUP = 0.33  # of the dots bring up the user's own popup
LOOKING = 0.5  # seconds at it
COLD = 10.0  # seconds to wait for the first answer at a new place
CLOSE = "return vim.api.nvim_input(vim.fn.pumvisible() == 1 and '<C-e>' or '<C-x><C-z>')"
ANSWERED = """
for _, request in ipairs(_G.watched.requests) do
  if request.sent >= ... and request.answered then return true end
end
return false
"""
TAKE = """
local seen, watched = {}, _G.watched
for name, list in pairs(watched) do seen[name], watched[name] = list, {} end
return seen
"""
LINES = "vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(..., '\\n'))"


class NeovimTypist:
    """Types into the buffer that a Neovim shows. Popups are drawn by a seed."""

    def __init__(self, editor: Editor, seed: int) -> None:
        self._editor = editor
        self._rng = random.Random(seed)
        self._answers = 0
        self._due = 0.0
        self._typed = Progress("")
        self.log = TypingLog()

    def play(self, trace: Trace, meant: str) -> TypingLog:
        """Type a whole trace into its file, which is shown, and compare with what is meant to be there."""
        self._editor.command(PLAIN)
        self._editor.lua(LINES, trace.start)
        self.log = TypingLog()
        self._answers = len(self._costs())
        before = self._counts()
        self._editor.lua(TAKE)
        for number, visit in enumerate(trace.visits, 1):
            self._visit(visit)
            print(f"  {trace.path}: place {number} of {len(trace.visits)} typed", file=sys.stderr, flush=True)
        counts = self._counts()
        self.log.counts = {name: counts[name] - before.get(name, 0) for name in counts}
        for name, seen in self._editor.lua(TAKE).items():
            setattr(self.log, name, list(seen))
        shown = [line.rstrip() for line in self._editor.lines()]
        self.log.as_meant = shown == [line.rstrip() for line in meant.split("\n")]
        return self.log

    def _visit(self, visit: Visit) -> None:
        self._typed = Progress(visit.text)
        self._due = time.monotonic()
        for event in visit.events:
            if event.kind == "jump":
                self._input("<Esc>")
                self._pause(event.gap)
                self._editor.lua("vim.api.nvim_win_set_cursor(0, { ..., 0 })", visit.line + 1)
            elif event.at >= self._typed.at:
                self._pause(event.gap)
                self._play(event)
        self._pause(LOOKING)
        self.log.left.append(1e3 * time.monotonic())
        self.log.tokens += self._new_costs()

    def _play(self, event: TypingEvent) -> None:
        match event.kind:
            case "look":
                self._look()
            case "back":
                self._input("<BS>")
                self._typed.wrong = ""
            case "slip":
                self._typed.wrong = event.text
                self._input(event.text)
            case "key" if event.at == 0:
                self._begin(event.text)
            case "key":
                self._key(event.text)

    def _begin(self, text: str) -> None:
        """Open a line at a place where the cursor was never before, and wait for what comes."""
        began = 1e3 * time.monotonic()
        self.log.jumps.append(began)
        self._input(text.replace("\n", "o", 1))
        self._count(text)
        end = time.monotonic() + COLD
        while not self._editor.lua(ANSWERED, began) and time.monotonic() < end:
            time.sleep(0.02)
        self._due = time.monotonic()
        self.log.cold_tokens += self._new_costs()

    def _key(self, text: str) -> None:
        self._input(text.replace("\n", "<CR>", 1) if text.startswith("\n") else text.replace("<", "<lt>"))
        self._count(text)
        if text == ".":
            self.log.dots += 1
            if self._rng.random() < POPUP:
                self.log.popups += 1
                self._input("<C-x><C-o>")
                self._pause(LOOKING)
                self._editor.lua(CLOSE)

    def _count(self, text: str) -> None:
        self.log.keys += 1
        self._typed.at += len(text)

    def _look(self) -> None:
        """Accept ghost text if all of it is right, dismiss it if it is wrong."""
        ghost = self._editor.ghost()
        if not ghost or self._typed.wrong:
            return
        if self._typed.see(ghost) and len(ghost) >= WORTH:
            self._input("<Tab>")
            self._typed.at += len(ghost)
            self.log.accepted += 1
        elif not self._typed.text[self._typed.at :].startswith(ghost):
            self._input("<C-]>")

    def _input(self, keys: str) -> None:
        self._editor.lua("vim.api.nvim_input(...)", keys)

    def _pause(self, seconds: float) -> None:
        self._due += seconds
        time.sleep(max(0.0, self._due - time.monotonic()))

    def _costs(self) -> list[dict[str, Any]]:
        return list(self._editor.run_server_command("answers"))

    def _new_costs(self) -> list[int]:
        """The tokens that each answer since the last call has read."""
        costs = self._costs()
        new, self._answers = costs[self._answers :], len(costs)
        return [cost["tokens"]["evaluated"] for cost in new]

    def _counts(self) -> dict[str, int]:
        return dict(self._editor.run_server_command("status")["counts"])
