"""The server's life under a real Neovim: missing, killed, failing, and the messages people get."""

from pathlib import Path
from typing import Any

import pytest
from neovim_editor import PLUGIN, SETUP

Opening = Any


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    space = tmp_path / "space"
    (space / "deep").mkdir(parents=True)
    (space / ".assist.toml").write_text("")
    found = [space / "a.py", space / "deep" / "b.py"]
    for each in found:
        each.write_text("x = 1\n")
    return found


@pytest.mark.every_version
def test_a_killed_server_comes_back_with_its_buffers(
    nvim: Opening, environ: dict[str, str], files: list[Path]
) -> None:
    editor = nvim(files[0].parent, environ, *files)
    editor.command("edit deep/b.py")
    attached = (
        "return vim.tbl_count((vim.lsp.get_clients({ name = 'assist' })[1] or { attached_buffers = {} })"
    )
    both = f"{attached}.attached_buffers) == 2"
    editor.command("edit a.py")
    editor.until(both, "both files to be attached to one server")
    editor.until("return require('assist').status():find('missing')", "the model's state")
    assert editor.lua("return vim.lsp.get_clients({ name = 'assist' })[1].root_dir") == str(files[0].parent)
    (server,) = editor.servers()
    server.kill()
    editor.until(lambda: [each.pid for each in editor.servers()] not in ([], [server.pid]), "another server")
    editor.until(both, "both files to be attached again")
    editor.until("return require('assist').status():find('missing')", "the model's state")
    editor.command("checkhealth assist")
    assert "The model is missing" in "\n".join(editor.lines())
    editor.lua(
        "vim.lsp.get_clients({ name = 'assist' })[1]:stop()"
        if editor.newer
        else "vim.lsp.get_clients({ name = 'assist' })[1].stop()"
    )
    editor.until(lambda: not editor.servers(), "the server to stop when it is asked to")


def test_a_server_that_always_fails_is_given_up_with_one_message(
    nvim: Opening, environ: dict[str, str], files: list[Path], tmp_path: Path
) -> None:
    script = tmp_path / "failing"
    script.write_text(f"#!/bin/sh\necho x >> {tmp_path}/starts\nexit 3\n")
    script.chmod(0o755)
    setup = f"require('assist').setup({{ cmd = {{ '{script}' }} }})\nrequire('assist.client').pause = 1\n"
    editor = nvim(files[0].parent, environ, files[0], setup=setup)
    editor.until("return require('assist.client').trouble == 'given up'", "the end of the tries")
    assert len((tmp_path / "starts").read_text().split()) == 6
    notes = [note for note in editor.lua("return _G.notes") if "times in a row" in note]
    assert len(notes) == 1


def test_a_missing_server_is_told_once_and_again_by_checkhealth(
    nvim: Opening, environ: dict[str, str], files: list[Path]
) -> None:
    setup = "require('assist').setup({ cmd = { 'no-such-assist' } })\n"
    editor = nvim(files[0].parent, environ, files[0], setup=setup)
    editor.command("edit deep/b.py")
    editor.keys("ix = 1<Esc>")
    notes = editor.until("return #_G.notes > 0 and _G.notes", "a message")
    assert len(notes) == 1
    assert 'no command "no-such-assist"' in notes[0]
    assert editor.lua("return require('assist').status()") == "assist: not installed"
    editor.command("checkhealth assist")
    text = "\n".join(editor.lines())
    assert "ERROR" in text
    assert "Install assist" in text


@pytest.mark.parametrize("way", ["packadd", "lazy"])
def test_it_starts_however_it_is_installed(
    nvim: Opening, environ: dict[str, str], files: list[Path], tmp_path: Path, way: str
) -> None:
    """With `:packadd` of a linked folder, or like lazy.nvim: path, files of `plugin`, then `setup`."""
    pack = tmp_path / "site" / "pack" / "any" / "opt"
    pack.mkdir(parents=True)
    (pack / "assist").symlink_to(PLUGIN)
    away = f"vim.opt.runtimepath:remove({str(PLUGIN)!r})\nvim.opt.packpath:append({str(pack.parents[2])!r})\n"
    add = {
        "packadd": "vim.cmd.packadd('assist')\n",
        "lazy": f"vim.opt.runtimepath:append({str(PLUGIN)!r})\n"
        f"vim.cmd.source({str(PLUGIN / 'plugin' / 'assist.lua')!r})\n",
    }[way]
    late = "_G.add = function()\n" + add + SETUP + "end\nvim.o.statusline = ''\n"
    editor = nvim(files[0].parent, environ, files[0], setup=away + late)
    assert editor.lua("return vim.fn.exists(':AssistExplain')") == 0
    editor.lua("_G.add()")
    assert editor.lua("return vim.fn.exists(':AssistExplain')") == 2
    editor.until("return require('assist.client').of(0) ~= nil", "the open file to be attached")
    editor.until("return require('assist').status():find('missing')", "the model's state")


def test_a_file_that_is_left_out_gets_no_server(
    nvim: Opening, environ: dict[str, str], files: list[Path]
) -> None:
    leave = "vim.api.nvim_create_autocmd('BufNew', { pattern = '*/b.py', callback = function(event)\n"
    editor = nvim(
        files[0].parent, environ, files[0], setup=f"{SETUP}{leave} vim.b[event.buf].assist = false end }})\n"
    )
    editor.until("return require('assist.client').of(0) ~= nil", "the first file to be attached")
    editor.command("edit deep/b.py")
    assert editor.lua("return vim.b.assist") is False
    editor.command("edit a.py")
    editor.command("edit #")
    assert editor.lua("return #vim.lsp.get_clients({ bufnr = 0 })") == 0


def test_the_help_has_its_tags(
    nvim: Opening, environ: dict[str, str], files: list[Path], tmp_path: Path
) -> None:
    editor = nvim(files[0].parent, environ, files[0], setup="vim.g.loaded_assist = true\n")
    copy = tmp_path / "plugin" / "doc"
    copy.mkdir(parents=True)
    (copy / "assist.txt").write_bytes((PLUGIN / "doc" / "assist.txt").read_bytes())
    editor.command(f"set runtimepath+={copy.parent}")
    editor.command(f"helptags {copy}")
    for tag in ("assist", "assist-options", "assist-keys", ":AssistFix", "assist-native", "assist-next-edit"):
        editor.command(f"help {tag}")
        assert f"*{tag}*" in editor.line()
