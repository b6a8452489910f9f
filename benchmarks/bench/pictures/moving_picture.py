"""An animated SVG of a recorded session: an editor with ghost text, next edits and their times.

CSS moves it, no script does, so pages show it that load no script. The same events give the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from bench.pictures.session import FILE, TEXT, SessionEvent

WIDTH = 830  # pixels, as all sizes here
LINE_HEIGHT = 19
CHARACTER = 7.82  # the width of one at 13 pixels
LEFT = 52
TOP = 62
END_SECONDS = 2.5  # the last frame stays before the picture begins again
INK = "#d4d4d4"
DIM = "#6b7280"
GHOST = "#8b93a7"
PAPER = "#1e1e2e"
BAR = "#181825"
NEW = "#a6e3a1"
OLD = "#f38ba8"
ACCENT = "#89b4fa"


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture from `at` seconds on. `ghost` is grey text at the cursor, `offer` a next edit."""

    at: float
    lines: tuple[str, ...]
    line: int
    column: int
    caption: str
    ghost: str = ""
    offer: SessionEvent | None = None


def make_frames(events: Sequence[SessionEvent]) -> list[Frame]:
    """Make a frame for each event that changes the picture."""
    frame = Frame(
        0.0, tuple(TEXT.split("\n")), 17, 8, "A new function, typed with the 0.5B model on two CPU cores"
    )
    frames = [frame]
    for event in events:
        frame = _next_frame(frame, event)
        if replace(frame, at=0.0) != replace(frames[-1], at=0.0):
            frames.append(frame)
    return frames


def _next_frame(frame: Frame, event: SessionEvent) -> Frame:
    match event.kind:
        case "ghost":
            ms = f"{event.ms:.0f} ms" if event.ms >= 1 else "under 1 ms"
            caption = f"Ghost text {ms} after the keystroke - Tab accepts it" if event.text else frame.caption
            return replace(frame, at=event.at, ghost=event.text.split("\n")[0], caption=caption)
        case "offer":
            caption = f"Next edit, found without a model in {event.ms:.0f} ms - Tab goes there"
            return replace(frame, at=event.at, offer=event, ghost="", caption=caption)
        case "move":
            return replace(
                frame, at=event.at, line=event.line, column=event.column, caption="Tab again makes the edit"
            )
    lines = [*frame.lines]
    row = lines[event.line]
    head, tail = row[: event.column], row[event.end :]
    written = f"{head}{event.text}".split("\n")
    lines[event.line : event.line + 1] = [*written[:-1], written[-1] + tail]
    line = event.line + len(written) - 1
    captions = {"accept": "Accepted", "make": "Done - the next place follows"}
    caption = captions.get(event.kind, "Renaming a function" if row.startswith("def ") else "Typing")
    return Frame(event.at, tuple(lines), line, len(written[-1]), caption)


def draw_session(events: Sequence[SessionEvent]) -> str:
    """Draw a session as an SVG of `WIDTH` pixels that begins again at its end."""
    frames = make_frames(events)
    seconds = frames[-1].at + END_SECONDS
    rows = max(len(frame.lines) for frame in frames) - 1
    height = TOP + rows * LINE_HEIGHT + 44
    parts: list[str] = []
    styles: list[str] = []
    for number, (begin, end, part) in enumerate(_join_frames(frames, seconds, height)):
        if begin == 0 and end == seconds:
            parts.append(part)
        else:
            styles.append(_visibility(number, 100 * begin / seconds, 100 * end / seconds, seconds))
            parts.append(f'<g class="f{number}">{part}</g>')
    fonts = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    style = f"text{{font:13px {fonts};white-space:pre}}" + "".join(styles)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img">',
            "<title>Ghost text and a next edit, as typed in a recorded session</title>",
            f"<style>{style}</style>",
            f'<rect width="{WIDTH}" height="{height}" rx="10" fill="{PAPER}"/>',
            f'<rect width="{WIDTH}" height="36" rx="10" fill="{BAR}"/>',
            f'<rect y="{height - 32}" width="{WIDTH}" height="32" rx="10" fill="{BAR}"/>',
            *(f'<circle cx="{20 + 18 * at}" cy="18" r="5" fill="{colour}"/>' for at, colour in _BUTTONS),
            f'<text x="{WIDTH / 2}" y="23" fill="{DIM}" text-anchor="middle">{FILE}</text>',
            *parts,
            "</svg>",
            "",
        ]
    )


_BUTTONS = ((0, "#f38ba8"), (1, "#f9e2af"), (2, "#a6e3a1"))


def _join_frames(frames: Sequence[Frame], seconds: float, height: int) -> list[tuple[float, float, str]]:
    """Draw each part of the frames once, with the seconds in which it is seen."""
    runs: list[tuple[float, float, str]] = []
    current: dict[str, tuple[float, str]] = {}
    for frame in frames:
        parts = dict(_draw_frame(frame, height))
        for key in [*current]:
            begin, part = current[key]
            if parts.get(key) != part:
                runs.append((begin, frame.at, part))
                del current[key]
        for key, part in parts.items():
            current.setdefault(key, (frame.at, part))
    runs += [(begin, seconds, part) for begin, part in current.values()]
    return sorted(runs, key=lambda run: run[0])


def _visibility(number: int, begin: float, end: float, seconds: float) -> str:
    before = "0%{visibility:hidden}" if begin > 0 else ""
    after = f"{end:.3f}%{{visibility:hidden}}" if end < 100 else ""
    steps = f"{before}{begin:.3f}%{{visibility:visible}}{after}"
    animation = f"animation:k{number} {seconds:.2f}s step-end infinite"
    return f"@keyframes k{number}{{{steps}}}.f{number}{{{animation}}}"


def _draw_frame(frame: Frame, height: int) -> Iterator[tuple[str, str]]:
    """Draw a frame in parts that each have a name, such as a row."""
    y = TOP + frame.line * LINE_HEIGHT
    yield "light", f'<rect y="{y - 14}" width="{WIDTH}" height="{LINE_HEIGHT}" fill="#fff" opacity=".06"/>'
    for at, row in enumerate(frame.lines[:-1] if not frame.lines[-1] else frame.lines):
        y = TOP + at * LINE_HEIGHT
        yield f"number {at}", f'<text x="34" y="{y}" fill="{DIM}" text-anchor="end">{at + 1}</text>'
        yield f"row {at}", "".join(_draw_row(frame, at, row, y))
    x = LEFT + frame.column * CHARACTER
    y = TOP + frame.line * LINE_HEIGHT - 13
    yield "caret", f'<rect x="{x:.1f}" y="{y}" width="2" height="16" fill="{ACCENT}"/>'
    yield "caption", f'<text x="18" y="{height - 11}" fill="{ACCENT}">{escape(frame.caption)}</text>'


def row_parts(frame: Frame, at: int, row: str) -> list[tuple[str, str, bool]]:
    """Divide a row into texts, each with its colour, and whether it is struck through."""
    offer = frame.offer
    if offer is not None and at == offer.line:
        parts = [(row[: offer.column], INK, False), (row[offer.column : offer.end], OLD, True)]
        parts += [(offer.text, NEW, False), (row[offer.end :], INK, False)]
    elif frame.ghost and at == frame.line:
        parts = [(row[: frame.column], INK, False), (frame.ghost, GHOST, False)]
        parts += [(row[frame.column :], INK, False)]
    else:
        parts = [(row, INK, False)]
    return [part for part in parts if part[0]]


def _draw_row(frame: Frame, at: int, row: str, y: int) -> Iterator[str]:
    spans = []
    for text, colour, is_old in row_parts(frame, at, row):
        line = ' text-decoration="line-through"' if is_old else ""
        spans.append(f'<tspan fill="{colour}"{line}>{escape(text)}</tspan>')
    if spans:
        yield f'<text x="{LEFT}" y="{y}" xml:space="preserve">{"".join(spans)}</text>'
