"""The verdict on a prompt: whether it may go to a provider, by the origin of each of its texts.

Every span is checked. If one has an unknown origin, comes from a denied file, or has a data class that the
provider may not see, the whole prompt is refused. This module changes no text and finds no secrets.
Two functions read the disk, `resolve` and `_bases`, to follow links and to find where a repository begins.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from assist_context.files.denylist import denied_by
from assist_context.files.path_names import path_below
from assist_context.files.repository_top import folders_to_top, is_repository
from assist_escalation.errors import EscalationError
from assist_escalation.policy.path_globs import covers, spellings
from assist_escalation.policy.permissions import Classes, Glob, Permissions
from assist_escalation.policy.settings import REQUESTS
from assist_escalation.prompts import Origin, Prompt, Span, TextSource

LIBRARY = "library"  # the class of what installed libraries say of themselves


# What a rule is about: `place` is a text whose file is uncertain, `request` one that is empty or of no kind.
RuleKind = Literal[
    "mode", "always_local", "provider", "residency", "ghost_text", "deny", "built-in", "data_class",
    "unclassified", "place", "request",
]  # fmt: skip


RuleText = tuple[str, str]  # a glob, or the name of a setting, and the `source` of the layer that has it


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection to a prompt, in words, with the kind of rule and its text.

    `detail` is the mode, the glob, the class or the name. `written` says where, for rules about single texts;
    for those about a whole request `permissions.sources` does.
    """

    words: str
    rule: RuleKind
    detail: str = ""
    written: tuple[RuleText, ...] = ()


class _ForbiddenError(EscalationError):
    """A text that never leaves."""

    def __init__(self, words: str, rule: RuleKind, detail: str = "", *rules: RuleText) -> None:
        super().__init__(words)
        self.objection = Objection(words, rule, detail, rules)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a prompt: objections to it, and the data classes in it.

    Reasons hold file names, which may hold secrets: pass them to `redactor.clean` before you log them.
    """

    objections: tuple[Objection, ...]
    classes: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Return whether nothing is against it."""
        return not self.objections

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return what is against it, in words."""
        return tuple(dict.fromkeys(objection.words for objection in self.objections))


@dataclass(frozen=True, slots=True)
class _FilePlace:
    """A file by two absolute paths: the span's path in the resolved folder, and that with links followed."""

    root: str
    named: str
    real: str


def judge(prompt: Prompt, permissions: Permissions, provider: str) -> Verdict:
    """The verdict on sending `prompt` to the provider of this name.

    `mode = "ask"`, budgets and `always_ask` are not checked here. `never` and `always_local` are, so that an
    error in the router sends nothing.
    """
    against = _request_objections(prompt, permissions, provider)
    endpoint = permissions.providers.get(provider)
    return _judge_spans(prompt, permissions, provider, endpoint.residency if endpoint else (), against)


def judge_ghost_text(prompt: Prompt, permissions: Permissions, server: str) -> Verdict:
    """The verdict on sending the text around a cursor to the server of this name."""
    against = []
    if permissions.ghost_text == "local":
        words = 'ghost text is written on this machine only: ghost_text = "local", or mode = "never"'
        against.append(Objection(words, "ghost_text", "local"))
    if not prompt.spans:
        against.append(Objection("the prompt is empty", "request"))
    endpoint = permissions.servers.get(server)
    if endpoint is None:
        words = f"{_printable(server)} is not a server that may be used here"
        against.append(Objection(words, "provider", server))
    elif not endpoint.residency:
        words = f"{server} may see no class of text: its residency is empty"
        against.append(Objection(words, "residency", server))
    return _judge_spans(prompt, permissions, server, endpoint.residency if endpoint else (), against)


def judge_reader(
    prompt: Prompt, permissions: Permissions, reader: str, residency: tuple[str, ...]
) -> Verdict:
    """The verdict on showing texts to a program that may send them on, and that sees these classes.

    What is asked of a request of ours, such as `mode`, is not asked here: nothing of ours is sent.
    """
    words = f"{_printable(reader)} may see no class of text"
    against = [] if residency else [Objection(words, "residency", reader)]
    return _judge_spans(prompt, permissions, reader, residency, against)


def judge_tool_texts(spans: Sequence[Span], permissions: Permissions, provider: str) -> Verdict:
    """The verdict on sending what another tool asks to the provider of this name.

    No one can be asked about each request of an agent, so mode `ask` allows them only where `--yes` may.
    """
    against = _provider_objections(permissions, provider)
    if permissions.mode == "ask" and not permissions.yes_allowed:
        words = "each request has to be confirmed here, and a tool cannot: yes_allowed = false"
        against.append(Objection(words, "mode", "ask"))
    endpoint = permissions.providers.get(provider)
    prompt = Prompt("", tuple(spans))
    return _judge_spans(prompt, permissions, provider, endpoint.residency if endpoint else (), against)


def _judge_spans(
    prompt: Prompt, permissions: Permissions, name: str, residency: tuple[str, ...], against: list[Objection]
) -> Verdict:
    """The verdict with what each text of a prompt says against it."""
    classes: dict[str, dict[RuleText, None]] = {}
    for span in _judged_spans(prompt):
        try:
            place = _place(span.origin, permissions.roots)
            _check_deny(place, permissions)
            span_classes = _find_classes(span, place, permissions.classes)
        except _ForbiddenError as error:
            against.append(error.objection)
        except EscalationError as error:
            against.append(Objection(str(error), "place"))
        else:
            for data_class, rules in span_classes.items():
                classes.setdefault(data_class, {}).update(rules)
    against += [
        Objection(
            f"{_printable(name)} may not see text of the class {_printable(data_class)}",
            "data_class",
            data_class,
            tuple(classes[data_class]),
        )
        for data_class in sorted(classes.keys() - set(residency))
    ]
    return Verdict(tuple(dict.fromkeys(against)), tuple(sorted(classes)))


def _judged_spans(prompt: Prompt) -> Iterator[Span]:
    """The spans of a prompt, and those that earlier answers in it derive from, which count as much."""
    origins: dict[Origin, None] = {}
    for span in prompt.spans:
        yield span
        origins |= dict.fromkeys(span.origin.derived)
    yield from (Span("", origin) for origin in origins)


def find_classes(span: Span, permissions: Permissions) -> tuple[str, ...]:
    """The data classes of a text that may be judged. Raises `EscalationError` for a text that never leaves.

    The classes of files that an answer derives from count.
    """
    return tuple(sorted(find_marks(span, permissions)))


def find_marks(span: Span, permissions: Permissions) -> Mapping[str, tuple[RuleText, ...]]:
    """The same, each with what gives it to the text. Our own words have none."""
    marks: dict[str, dict[RuleText, None]] = {}
    for span_pair in _judged_spans(Prompt("", (span,))):
        classes = _find_classes(span_pair, _place(span_pair.origin, permissions.roots), permissions.classes)
        for data_class, rules in classes.items():
            marks.setdefault(data_class, {}).update(rules)
    return {data_class: tuple(rules) for data_class, rules in marks.items()}


def resolve(origin: Origin) -> str:
    """The absolute path of an origin's file, with every link followed. The file need not exist.

    Raises `EscalationError` for a path that the system does not accept.
    """
    try:
        return os.path.realpath(os.path.join(origin.root, origin.path))
    except (OSError, ValueError) as error:
        raise EscalationError(f"{_printable(origin.path)} is not a path that can be followed") from error


def _request_objections(prompt: Prompt, permissions: Permissions, provider: str) -> list[Objection]:
    command = prompt.command
    against = _provider_objections(permissions, provider)
    if command not in REQUESTS:
        against.append(Objection(f"{_printable(command)} is not a kind of request that may leave", "request"))
    if command in permissions.always_local:
        against.append(Objection(f"{command} is one of always_local", "always_local", command))
    if not prompt.spans:
        against.append(Objection("the prompt is empty", "request"))
    endpoint = permissions.providers.get(provider)
    if endpoint is not None and endpoint.dialect != "chat":
        words = f"{provider} uses {endpoint.dialect}, which is only for other tools (`assist gateway`)"
        against.append(Objection(words, "provider", provider))
    return against


def _provider_objections(permissions: Permissions, provider: str) -> list[Objection]:
    """Return what is against any request to this provider."""
    against = []
    if permissions.mode == "never":
        against.append(Objection('nothing may leave this machine: mode = "never"', "mode", "never"))
    endpoint = permissions.providers.get(provider)
    if endpoint is None:
        words = f"{_printable(provider)} is not a provider that may be used here"
        against.append(Objection(words, "provider", provider))
    elif not endpoint.residency:
        words = f"{provider} may see no class of text: its residency is empty"
        against.append(Objection(words, "residency", provider))
    return against


def _place(origin: Origin, roots: tuple[str, ...]) -> _FilePlace | None:
    """The text's file, or None for a text about no file. `EscalationError` if the file is uncertain."""
    if origin.source not in get_args(TextSource):
        raise EscalationError("a text of unknown origin")
    if not origin.path and not origin.root and origin.source != "file":
        return None
    if not origin.path or not os.path.isabs(origin.root):
        raise EscalationError(f"{_printable(origin.path) or 'a text'} comes from no known file")
    # Windows has drives, and follows a path with a zero character without an error.
    elsewhere = origin.path.startswith("/") or os.path.splitdrive(origin.path)[0] or "\0" in origin.path
    if elsewhere or any(".." in spelling.split("/") for spelling in spellings(origin.path)):
        raise EscalationError(f"{_printable(origin.path)} is not a path inside the folder")
    root = resolve(Origin("file", "", origin.root))
    real = resolve(origin)
    if root not in roots:
        raise EscalationError(f"{_printable(origin.path)} is not in a folder of this workspace")
    if not real.startswith(os.path.join(root, "")):
        raise EscalationError(f"{_printable(origin.path)} leads out of the folder")
    return _FilePlace(root, os.path.join(root, origin.path), real)


def _check_deny(place: _FilePlace | None, permissions: Permissions) -> None:
    if place is None:
        return
    for name in (place.named, place.real):
        for spelling in spellings(name.replace(os.sep, "/")):
            # The whole path, so that a workspace in `~/.aws` may send no more than one in the home folder.
            if pattern := denied_by(f"/{spelling}"):
                words = f"{_relative(place)} never leaves: {pattern} is on the built-in list"
                raise _ForbiddenError(words, "built-in", pattern)
    for glob in permissions.deny:
        if _is_covered(glob, place, anywhere=True):
            where = f" in {_printable(glob.source)}" if glob.source else ""
            rule = f"{_printable(glob.pattern)} is denied{where}"
            words = f"{_relative(place)} never leaves: {rule}"
            raise _ForbiddenError(words, "deny", glob.pattern, (glob.pattern, glob.source))


def _find_classes(
    span: Span, place: _FilePlace | None, authors: tuple[Classes, ...]
) -> dict[str, dict[RuleText, None]]:
    """The classes that all authors give a text, each with what gives it. Our own words have none."""
    if place is None and span.origin.source == "assist":
        return {}
    if place is None and span.origin.source == "library":
        return {LIBRARY: {}}
    marks: dict[str, dict[RuleText, None]] = {}
    for author in authors:
        own = [mark for mark in author.globs if place and _is_covered(mark[0], place)]
        if not own:
            marks.setdefault(author.default, {})["default_class", author.source] = None
        # A class from a glob with another base is added, and does not replace the default.
        others = [mark for mark in author.globs if place and _is_covered(mark[0], place, anywhere=True)]
        for glob, name in (*own, *others):
            marks.setdefault(name, {})[glob.pattern, glob.source] = None
    marks.pop("", None)
    if not marks:
        what = _relative(place) if place else "what was typed"
        raise _ForbiddenError(f"{what} has no data class: set default_class", "unclassified")
    return marks


def _is_covered(glob: Glob, place: _FilePlace, *, anywhere: bool = False) -> bool:
    """Return whether a glob matches a file; `anywhere`: also from other folders that it may start at.

    These count in any case of their letters, as some systems take them for the same folder.
    """
    bases = (glob.base,) if glob.base else _bases(place) if anywhere else (place.root,)
    names = dict.fromkeys((place.named, place.real))
    below = (path_below(name, base, fold=anywhere) for base in bases for name in names)
    return any(path is not None and covers(glob.pattern, path) for path in below)


def _bases(place: _FilePlace) -> tuple[str, ...]:
    """List where a free glob may start: the root, and every folder from there to the repository's top.

    The workspace may be a folder in a repository, or hold several repositories. The same files are forbidden.
    """
    folders = list(folders_to_top(place.root))
    visited: list[str] = []
    folder = os.path.dirname(place.named)
    while folder != place.root:
        visited.append(folder)
        if is_repository(folder):
            folders += visited
            break
        folder = os.path.dirname(folder)
    return tuple(dict.fromkeys(folders))


def _relative(place: _FilePlace) -> str:
    return _printable(os.path.relpath(place.named, place.root).replace(os.sep, "/"))


def _printable(text: str) -> str:
    """A name for people, without characters that move the cursor or are invisible."""
    return "".join(character if character.isprintable() else "?" for character in text[:200])
