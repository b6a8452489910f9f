"""Puts secrets back into a streamed answer, but not into lines that hold an address, and hides them there.

A link, an image or a preview can send what is in its address, and whoever wrote a text that the model read
can choose the address. So no line of an answer holds both an address and a secret. The rule looks at whole
lines, in code blocks too, and never at pieces: however an answer is cut, the same text is shown.
An edit gets its secrets back by `exact`, since it must keep the lines that a file has.
"""

import re
from collections.abc import Mapping
from html import unescape
from unicodedata import normalize
from urllib.parse import quote, unquote

from assist_escalation.redaction.redactor import Redacted

SHORTEST = 4  # characters of a secret that is looked for in an address; shorter ones are there by chance

_ADDRESS = re.compile(
    r"""
      ://                                       # any scheme with a host
    | \]\( | \]:                                # a link, an image, a reference definition
    | www\.
    | //+[\w\[]                                 # a host without a scheme
    | \b(?: https? | ftps? | wss? | file | mailto | tel | sms | data | javascript | vbscript | command
        | vscode[\w-]* | ssh | sftp | git | ldaps? | magnet | xmpp | skype | ms-[\w-]+ | blob | cid | urn
      ):\S                                      # a scheme that needs no host
    | %3a | & (?: colon | sol | \#0*(?:58|47) | \#x0*(?:3a|2f) ) ;?   # a colon or a slash, encoded
    | <[a-z][a-z0-9+.-]{1,31}:                  # an autolink
    | [\w.+-]@\w                                # a mail address, a user at a host
    | \w\.[^\W\d_][\w-]{1,30}(?::\d{1,5})?[/?\#]\S   # a domain with a path or a query
    | (?<![\d.])(?!127\.|0\.)\d{1,3}(?:\.\d{1,3}){3}(?![\d.])     # a number of another machine
    | \b(?:\d{8,10}|0x[\da-f]{6,8}|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?[/?\#]\S   # or as one number
    | (?<![\w)\]])\[(?=[\da-f.]*:[\da-f.]*:)[\da-f.:]{2,45}(?:%\w{1,20})?\]
    # A command that asks a host, which can have any name; by a common word only where a command begins.
    | \b(?:curl|wget|ncat|netcat|scp|sftp|rsync|rclone|nslookup|socat|aria2c|s_client|w3m|lynx|bitsadmin
        |snmp\w+|mosquitto_\w+|iwr|irm|invoke-(?:web|rest)\w+)(?:\.exe)?["']?[\s,;]\s*\S
    | (?:^|[|;&(`$%\#>"']|\b(?:sudo|xargs|exec|then|do)\s|\w=[^\s=]{0,80}\s)\s*
      (?-i:nc|ssh|t?ftp|telnet|dig|drill|host|finger|whois|ping6?|traceroute|https?|xh|mail|sendmail|gh|glab
        |git\s+remote|logger\s+-n|[a-z][\w-]*\s+(?:push|publish|upload))\s+\S
    # An option that names a host, but not this machine, and no header, which `-H` is elsewhere.
    | (?<=[\s"'])-(?:h|[\w-]*(?:host(?:name)?|server|endpoint|registry|ur[il]|remote|proxy|computername))
      ["']?[\s,=]\s*["']?(?!(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0)(?![\w.-]))
      [\w.$-]+(?::\d+)?["']?(?=[\s,;/]|\Z) | \s-h[\w-]+\.\w
    | /dev/(?:tcp|udp)/ | \b[\w-]+:\d{2,5}[/?]\S   # a host as a device, or with a port
    | <[a-z][^\s<>]*[\s/][^>]*=                 # an attribute of HTML
    | \b(?: href | src(?:set)? | (?:form)?action | poster | background | ping ) \s*=
    | \b(?:push)?url\s*[(=] | @import\b         # what a style sheet or git's settings load
    # Characters that a view may drop, so that an address appears: controls, and those that no one sees.
    | [\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f]
    | [\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TAG = re.compile(r"<[^>]*>")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")  # before a sign, which Markdown then takes as it is
_EMPHASIS = re.compile(r"[`*_~]|(?<=\w)[\\'\"]+(?=\w)")  # and what a shell drops in a word: c''url
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"
_RUN = re.compile(r"\S+")
ADDRESS_NOTE = "(an address with a secret)"
_OPEN_LINK = re.compile(r"\](?:\(<?|:)[\s>]*\Z")  # its destination may be in the next line
_OPEN_TAG = re.compile(r"<[a-z][^\s<>]*(?:[\s/][^>]*)?\Z", re.IGNORECASE)  # an attribute may go on there


def exact(text: str, redaction: Redacted) -> str:
    """`text` with every secret back in its place, for an edit."""
    for placeholder, original in redaction.placeholders.items():
        text = text.replace(placeholder, original)
    return text


def make_restorer(redaction: Redacted, before: str = "", after: str = "") -> "Restorer":
    """For a provider's answer: it puts secrets back, but not into lines with an address.

    `before` and `after` are what is around it on the line into which it goes, as the file has it.
    """
    return Restorer(redaction.placeholders, in_addresses=False, before=before, after=after)


def make_address_guard(redaction: Redacted) -> "Restorer":
    """For the local model's answer, which may hold secrets: it takes them out of lines with an address."""
    words: dict[str, str] = {}
    for placeholder, original in redaction.placeholders.items():
        if len(original) >= SHORTEST:
            words |= {original: placeholder, quote(original, safe=""): placeholder}
    return Restorer(words, in_addresses=True)


def _is_address(text: str) -> bool:
    """Return whether a text holds an address as it is, or as a view of Markdown or HTML draws it."""
    return _ADDRESS.search(text) is not None or _ADDRESS.search(_drawn(text)) is not None


def _drawn(text: str) -> str:
    """Return a text's visible part: without tags, escapes, emphasis and characters that draw nothing.

    >>> _drawn("https\\\\:/<b></b>/evil&period;example")
    'https://evil.example'
    """
    text = normalize("NFKC", unescape(text)).replace("\u3002", ".")
    # No tag ends after the last ">": to look for an end from each "<" there would take square time.
    end = text.rfind(">") + 1
    bare = _EMPHASIS.sub("", _ESCAPE.sub("", _TAG.sub("", text[:end]) + text[end:]))
    return "".join(
        sign for sign in bare if " " <= sign <= "~" or (sign.isalnum() and sign not in _BLANK_LETTERS)
    )


class Restorer:
    """Replaces words in an answer that arrives in pieces: in its lines with an address, or in all others.

    A line is shown early, up to the first character that may begin one of the words. The first one continues
    `before`. What is `after` may follow any of them, since a text can be cut.
    """

    def __init__(
        self, words: Mapping[str, str], *, in_addresses: bool, before: str = "", after: str = ""
    ) -> None:
        self.hidden = 0  # places where a secret is not shown, since its line holds an address
        self._words = words
        self._in_addresses = in_addresses
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        self._longest = max(map(len, words), default=0)
        self._any = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        # A secret before a dot and a name would be a part of a host's name.
        self._in_host = re.compile(rf"(?:{self._any.pattern})\.\w")
        self._addresses = _AddressLines()
        self._line = before  # the line so far, as it arrived
        self._after = after
        self._returned = len(before)  # how many of its characters are there or were returned
        self._waits = False  # the line holds one of the words, so the rest waits for its end

    def take(self, piece: str) -> str:
        """The text that can be shown now."""
        if not self._words:
            return piece
        pieces: list[str] = []
        for part in re.findall(r"[^\n]*\n|[^\n]+", piece):
            self._line += part
            pieces.append(self._end_of_line() if part.endswith("\n") else self._start_of_line())
        return "".join(pieces)

    def rest(self) -> str:
        """The text that still waits at the end of the answer."""
        return self._end_of_line() if self._line else ""

    def _start_of_line(self) -> str:
        if self._waits:
            return ""
        tail = self._line[self._returned :]
        match = self._any.search(tail)
        self._waits = match is not None
        end = match.start() if match else self._open_end(tail)
        if self._in_addresses:
            end = self._end_of_safe_runs(tail, end)
        self._returned += end
        return tail[:end]

    def _end_of_safe_runs(self, tail: str, end: int) -> int:
        """Find where runs of characters end that are complete before `end` and not such an address."""
        for run in _RUN.finditer(tail):
            if run.end() >= min(end, len(tail)):
                return min(end, run.start())
            if self._is_disguised(run[0]):
                self._waits = True
                return run.start()
        return end

    def _is_disguised(self, run: str) -> bool:
        """Return whether a run is an address with a secret in another spelling, such as `sk\\\\_live`."""
        if self._any.search(run) or not _is_address(run):
            return False
        return self._any.search(unquote(_ESCAPE.sub("", unescape(run)))) is not None

    def _open_end(self, tail: str) -> int:
        """Find where a word may begin that `tail` does not end."""
        for at in range(max(0, len(tail) - self._longest + 1), len(tail)):
            if any(word.startswith(tail[at:]) for word in self._words):
                return at
        return len(tail)

    def _end_of_line(self) -> str:
        text = self._rewrite(self._line)[self._returned :]
        self._line = ""
        self._returned = 0
        self._waits = False
        return text

    def _rewrite(self, line: str) -> str:
        whole = line.rstrip("\r\n") + self._after if self._after else line
        address = self._addresses.holds_address(whole) or self._in_host.search(whole) is not None
        if self._in_addresses and self._words:
            line = _RUN.sub(self._hide_disguised, line)
        rewritten, count = self._any.subn(lambda match: self._words[match[0]], line)
        if not count:
            return line
        if self._in_addresses:
            self.hidden += count if address else 0
            return rewritten if address else line
        new_line = rewritten.rstrip("\r\n") + self._after if self._after else rewritten
        if address or _is_address(new_line) or _OPEN_TAG.search(new_line):  # a secret may hold an address
            self.hidden += count
            return line
        return rewritten

    def _hide_disguised(self, run: re.Match[str]) -> str:
        is_disguised = self._is_disguised(run[0])
        self.hidden += is_disguised
        return ADDRESS_NOTE if is_disguised else run[0]


class _AddressLines:
    """Says for each line of a text, in order, whether it holds an address or a part of one."""

    def __init__(self) -> None:
        self._in_tag = False
        self._goes_on = False

    def holds_address(self, line: str) -> bool:
        """Return whether the next line does."""
        bare = line.removesuffix("\n").removesuffix("\r")
        match = self._in_tag or self._goes_on or _is_address(bare)
        if not self._in_tag or ">" in bare:
            self._in_tag = _OPEN_TAG.search(bare) is not None
        self._goes_on = _OPEN_LINK.search(bare) is not None or (match and bare.endswith("\\"))
        return match
