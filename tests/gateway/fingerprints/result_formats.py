"""How programs show the lines of a file: as searches, debuggers, logs, editors and services write results.

`LINE_FORMATS` have one form for each line: `{line}` is the line, `{quoted}` a string of JSON with it, `{html}`
the line for a page, `{words}` each word of it in a tag, `{n}` its number, `{time}` a time, `{commit}` an id.
`FORMATS` are all of them, each a function from the lines of a file to what is shown.
"""

import difflib
import html
import json
import re
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Any

Format = Callable[[Sequence[str]], str]

PATH = "src/offers/desk.py"

LINE_FORMATS = {
    # searches
    "rg --vimgrep": PATH + ":{n}:5:{line}",
    "grep with bytes": PATH + ":{n}40:{line}",
    "grep with tabs": PATH + "\t:  {n}\t:{line}",
    "grep with a zero byte": PATH + "\0{n}:{line}",
    "grep in a Makefile": "Makefile:{n}:{line}",
    "grep with columns": PATH + ":{n}:12:match:{line}",
    "git grep of a commit": "HEAD~2:" + PATH + ":{n}:{line}",
    "git grep of a branch without numbers": "main:" + PATH + ":{line}",
    "git grep with the function": PATH + "={n}={line}",
    "ack in groups": "{n}:{line}",
    "ag with columns": "{n}:9:{line}",
    "awk with file and number": PATH + " {n} {line}",
    "quickfix list": PATH + "|{n} col 5| {line}",
    "emacs occur": "     {n}:{line}",
    "ctags": "name{n}\t" + PATH + '\t/^{line}$/;"\tf\tclass:Desk',
    "cscope": PATH + " name{n} {n} {line}",
    "global with columns": "name{n}   {n} " + PATH + "  {line}",
    # numbers
    "nl with a colon": "{n:6}: {line}",
    "nl with zeros": "{n:06}\t{line}",
    "number and bracket": "{n}) {line}",
    "number in brackets": "[{n}] {line}",
    "number in round brackets": "({n}) {line}",
    "number with a cross": "#{n} {line}",
    "Ln": "Ln {n}: {line}",
    "number of all": "{n}/40: {line}",
    "line and path": "line {n} (" + PATH + "): {line}",
    "number and hash": "{n}#{commit:.4}:{line}",
    "number and two letters": "{n}:qz|{line}",
    "relative numbers": "{n:>3} {line}",
    "less -N": "{n:7} {line}",
    # versions
    "git blame -s": "{commit:.8} {n:3}) {line}",
    "git blame with mail": "{commit:.8} (<jo@mail.example> 2031-01-01 10:00:00 +0000 {n:3}) {line}",
    "git blame with the file": "{commit:.8} " + PATH + " (Jo Doe 2031-01-01 10:00:00 +0000 {n:3}) {line}",
    "git blame --porcelain": "{commit} {n} {n}\n\t{line}",
    "git blame --line-porcelain": "{commit} {n} {n} 1\nauthor Jo Doe\nsummary Change of rates\n\t{line}",
    "hg annotate": "jo {n}: {line}",
    "svn blame": "  4711         jo {line}",
    "diff with removed words": "[-{line}-]",
    "git diff of words in pieces": "-{line}\n~",
    "combined diff": "++{line}",
    "patch of a patch": "+-{line}",
    "range-diff": "    @@ a\n     +{line}",
    # tests, checks, compilers
    "gcov": "     {n:4}: {n:4}:{line}",
    "coverage annotate": "! {line}",
    "lcov": "DA:{n},{line}",
    "perf annotate": "  3.{n:02} : {line}",
    "line profiler": "{n:6} {n:9} 7.5 1.25 0.5  {line}",
    "memory profiler": "{n:6}   41.2 MiB   0.1 MiB   {line}",
    "debugger of Python": "{n:3}  ->\t{line}",
    "gdb list": "{n}\t{line}",
    "lldb list": "-> {n:3} \t{line}",
    "delve list": "=>{n:4}:\t{line}",
    "pytest": ">   {line}",
    "pytest with values": "line{n}   = {quoted}",
    "traceback of Python": '  File "/w/' + PATH + '", line {n}, in f\n    {line}',
    "traceback in colours": '\x1b[35m  File "/w/x.py"\x1b[0m, line {n}\n    \x1b[1;31m{line}\x1b[0m',
    "Node's stack": "/w/desk.js:{n}\n{line}\n    ^\n\nError: x{n}",
    "semgrep": "        {n}┆ {line}",
    "eslint's frame": "  > {n} | {line}",
    "rustc": "{n:3} |     {line}\n    |     ^^^^ help: name{n}",
    "gcc": PATH + ":{n}:5: error: name{n} is not declared\n {n:4} | {line}\n      |     ^~~~",
    "clang": PATH + ":{n}:5: warning: unused name{n}\n{line}\n    ^",
    "javac": "Desk.java:{n}: error: cannot find symbol name{n}\n{line}\n    ^",
    "tsc --pretty": "src/desk.ts:{n}:5 - error TS2304: no name{n}.\n\n{n} {line}\n  ~~~~~",
    "go vet": "./desk.go:{n}:2: result of name{n} is not used: {line}",
    "mypy with context": PATH + ":{n}: note: name{n}\n    {line}\n    ^",
    "ruff in full": PATH + ":{n}:5: E501 too long\n   |\n{n} | {line}\n   | ^^^^ E501",
    "TAP": "not ok {n} - name{n}\n  ---\n  source: {quoted}\n  ...",
    "GitHub annotation": "::error file=" + PATH + ",line={n}::{line}",
    # logs
    "time in brackets": "[10:00:{n:02}] {line}",
    "log of Actions": "{time}.1234567Z {line}",
    "log of two prefixes": "{time} INFO app.desk [worker-{n}] {line}",
    "docker compose": "desk-web-1  | {line}",
    "docker compose with times": "desk-web-1  | {time}.123456789Z {line}",
    "kubectl with times": "[pod/desk-7f9c/web] {time}.123456789Z {line}",
    "journalctl": "Jan 01 10:00:{n:02} host7 desk[4711]: {line}",
    "syslog": "<34>1 {time}Z host7.example desk 4711 ID{n} - {line}",
    "set -x": "+ {line}",
    "make": "make[{n}]: Entering: {line}",
    "turbo": "@desk/web:build: {line}",
    "pm2": "0|desk     | {line}",
    "logfmt": "ts={time}Z level=info n={n} msg={quoted}",
    "logcat": "01-01 10:00:{n:02}.123  4711  4712 D Desk    : {line}",
    "ELF notes": "note{n}: {line}",
    # pages and documents
    "items of XML": '<line number="{n}">{html}</line>',
    "matches of XML": '<match file="' + PATH + '" line="{n}"><![CDATA[{line}]]></match>',
    "cells of a page": '<tr><td id="L{n}" data-line-number="{n}"></td><td class="blob">{html}</td></tr>',
    "cells with numbers": "<tr><td>{n}</td><td><code>{html}</code></td></tr>",
    "paragraphs": "<p>{html}</p>",
    "breaks": "{html}<br/>",
    "a tag a word": "{words}",
    "a tag a word, with numbers": '<a href="#l{n}">{n}</a> {words}',
    "JUnit": '<testcase name="t{n}"><failure message="name{n}">{html}</failure></testcase>',
    "items of Markdown": "- `{line}`",
    "numbered items of Markdown": "{n}. `{line}`",
    "table of Markdown": "| {n} | `{line}` | open |",
    "quotes of a chat": "&gt; {html}",
    "quotes of a mail": "> > {line}",
    "AsciiDoc": "{line} <{n}>",
    "reStructuredText": "   {line}",
    "TeX": "\\texttt{{{line}}} \\\\",
    "RTF": "{line}\\par",
    "CSV": '{n},"{doubled}",open',
    "TSV": "{n}\t{line}\tname{n}",
    "SQL": "INSERT INTO lines VALUES ({n}, '{line}', 'name{n}');",
    "YAML": "- line: {n}\n  text: {quoted}",
    "YAML with a key a line": "{n}: {quoted}",
    "TOML": "line_{n} = '''{line}'''",
    "INI": "line{n} = {line}",
    "shell": "echo '{line}'",
    "list of Go": "\t{quoted},",
    "lines of JSON": '{{"line": {n}, "text": {quoted}}}',
    "rg --json": '{{"type":"match","data":{{"path":{{"text":"' + PATH + '"}},"lines":{{"text":{quoted}}},'
    '"line_number":{n},"absolute_offset":{n}40,"submatches":[{{"match":{{"text":"a"}},"start":1,"end":2}}]}}}}',
    "jq -c": "[{n},{quoted}]",
    "log in JSON": '{{"time":"{time}Z","level":"info","pid":4711,"msg":{quoted}}}',
    "log in JSON with a prefix": 'desk-1  | {{"level":30,"time":17{n:03},"msg":{quoted}}}',
    "events of a stream": "event: line\ndata: {{\"n\":{n},\"delta\":{quoted}}}\n",
    "terminal in columns": "{line:<70}│ htop  {n} cpu",
    "columns in colours": "\x1b[32m{n:>4}\x1b[0m \x1b[1m{line:<60}\x1b[0m \x1b[2mname{n}\x1b[0m",
    "link of a terminal": "\x1b]8;;file://host/desk#{n}\x1b\\{line}\x1b]8;;\x1b\\",
    "cat -v of colours": "^[[33m{n}^[[0m ^[[1m{line}^[[0m",
    "cat -A": "^I{line}$",
    "sed -n l": "\\t{line}$",
}  # fmt: skip


def _line_format(form: str) -> Format:
    def write(lines: Sequence[str]) -> str:
        return "\n".join(
            form.format(
                n=n,
                line=line,
                quoted=json.dumps(line),
                html=html.escape(line),
                words=re.sub(r"\w+", r'<span class="n">\g<0></span>', line),
                doubled=line.replace('"', '""'),
                time=f"2031-01-01T10:00:{n:02}",
                commit=f"{n // 7 * 7919 + 1:x}".ljust(40, "e"),
            )
            for n, line in enumerate(lines, 1)
        )

    return write


def _json(make: Callable[[int, str], Any], **options: Any) -> Format:
    return lambda lines: json.dumps([make(n, line) for n, line in enumerate(lines, 1)], **options)


def _inside(format_: Format, around: Callable[[str], Any]) -> Format:
    return lambda lines: json.dumps(around(format_(lines)))


def _cell(lines: Sequence[str]) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": list(lines)}


def _symbol(n: int, line: str) -> dict[str, Any]:
    place = {"uri": f"file:///w/{PATH}", "range": {"start": {"line": n, "character": 4}}}
    return {"name": f"name{n}", "kind": 12, "location": place, "detail": line}


def _sarif(n: int, line: str) -> dict[str, Any]:
    region = {"startLine": n, "snippet": {"text": line + "\n"}}
    place = {"artifactLocation": {"uri": PATH}, "region": region}
    return {"ruleId": f"R{n}", "level": "error", "locations": [{"physicalLocation": place}]}


def _found_in_code(n: int, line: str) -> dict[str, Any]:
    match = {"object_type": "FileContent", "property": "content", "fragment": f"...\n{line}\n..."}
    return {"name": f"desk{n}.py", "path": PATH, "sha": f"{n:040x}", "text_matches": [match]}


def _pairs_of_lines(lines: Sequence[str]) -> str:
    return "\n".join(f"{line:<90} | {line:<90}" for line in lines)


def _wrapped(first: str, other: str) -> Format:
    def write(lines: Sequence[str]) -> str:
        rows = []
        for n, line in enumerate(lines, 1):
            parts = wrap(line, 30, drop_whitespace=False) or [""]
            rows += [first.format(n) + parts[0], *(other + part for part in parts[1:])]
        return "\n".join(rows)

    return write


def _typescript(lines: Sequence[str]) -> str:
    shown = "\r\n".join(lines)
    return f"Script started on 2031-01-01\r\n\x1b]0;jo@host\x07$ cat desk\r\n{shown}\r\n$ exit\r\n"


def _changed(lines: Sequence[str]) -> str:
    return "\n".join(difflib.unified_diff([], list(lines), "a", "b", lineterm=""))


_ITEMS = _json(lambda n, line: {"line": n, "text": line})

FORMATS: dict[str, Format] = {
    **{name: _line_format(form) for name, form in LINE_FORMATS.items()},
    "objects of JSON": _ITEMS,
    "objects of JSON, indented": _json(lambda n, line: {"line": n, "text": line}, indent=2),
    "objects with a file each": _json(lambda n, line: {"file": PATH, "lineNumber": n, "content": line}),
    "numbered keys": lambda lines: json.dumps({str(n): line for n, line in enumerate(lines, 1)}),
    "keys L1": lambda lines: json.dumps({f"L{n}": line for n, line in enumerate(lines, 1)}, indent=1),
    "lines as keys": lambda lines: json.dumps({f"{line} # {n}": n for n, line in enumerate(lines, 1)}),
    "pairs of JSON": _json(lambda n, line: [n, line]),
    "strings of a file": lambda lines: json.dumps({PATH: [f"  >{n:4}:{line}" for n, line in enumerate(lines)]}),
    "notebook": lambda lines: json.dumps({"cells": [_cell([f"{line}\n" for line in lines])]}, indent=1),
    "notebook with a cell a line": lambda lines: json.dumps({"cells": [_cell([line]) for line in lines]}, indent=1),
    "notebook as a script": lambda lines: "\n".join(f"# %% [cell {n}]\n{line}" for n, line in enumerate(lines)),
    "symbols of a language server": _json(_symbol),
    "hover of a language server": _json(
        lambda n, line: {"contents": {"kind": "markdown", "value": f"```python\n{line}\n```\nname{n}"}}
    ),
    "SARIF": lambda lines: json.dumps({"runs": [{"results": json.loads(_json(_sarif)(lines))}]}, indent=2),
    "search of a forge": _json(_found_in_code),
    "text block with objects": _inside(_ITEMS, lambda text: {"content": [{"type": "text", "text": text}]}),
    "text block with lines of JSON": _inside(
        _line_format(LINE_FORMATS["rg --json"]), lambda text: {"output": text, "exit": 0}
    ),
    "three times in JSON": _inside(_inside(_ITEMS, lambda text: {"stdout": text}), lambda text: {"log": text}),
    "JSON of Go": lambda lines: json.dumps(
        [{"N": n, "Html": f"<td>{html.escape(line)}</td>"} for n, line in enumerate(lines)]
    ).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    "tuples of Python": lambda lines: repr(list(enumerate(lines, 1))),
    "table of Python": lambda lines: repr({n: (line, n * 7) for n, line in enumerate(lines, 1)}),
    "bytes of Python": lambda lines: repr("\n".join(lines).encode()),
    "side by side": _pairs_of_lines,
    "less -N, wrapped": _wrapped("{:7} ", "        "),
    "bat, wrapped": _wrapped("{:4} │ ", "     │ "),
    "tmux, wrapped": _wrapped("", ""),
    "page in one line": lambda lines: "".join(f'<div class="line">{html.escape(line)}</div>' for line in lines),
    "page with numbered cells in one line": lambda lines: "".join(
        f"<tr><td>{n}</td><td>{html.escape(line)}</td></tr>" for n, line in enumerate(lines)
    ),
    "page in entities": lambda lines: "".join(f"&#{ord(sign)};" for sign in "\n".join(lines)),
    "marked words": lambda lines: re.sub(r"\b(rate|limit)\b", r"<em>\1</em>", html.escape("\n".join(lines))),
    "script": _typescript,
    "bold of a terminal": lambda lines: re.sub(r"\w", "\\g<0>\b\\g<0>", "\n".join(lines)),
    "diff of a new file": _changed,
    "words changed in a diff": lambda lines: "\n".join(
        re.sub(r"^(\s*\w+)(.*)", r"[-\1-]{+other+}\2", line) for line in lines
    ),
    "ed script": lambda lines: "5,9c\n" + "\n".join(lines) + "\n.\n",
    "git log -L": lambda lines: "\n".join(
        f"commit {n:040x}\n\ndiff --git a/x b/x\n@@ -{n} +{n} @@\n+{line}" for n, line in enumerate(lines, 1)
    ),
    "git show of one commit a line": lambda lines: "\n".join(
        f"commit {n:040x}\nAuthor: Jo Doe <jo@mail.example>\n\n    change {n}\n\n@@ -{n} +{n} @@ f{n}\n-{line}"
        for n, line in enumerate(lines, 1)
    ),
}  # fmt: skip
