"""The draw of one session: whether the candidate writes ghost text in it. It does not know the share."""

from collections.abc import Callable


class SessionDraw:
    """Owns the number that was drawn, from 0 to 1: `draw` gives it once, at the first call."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._drawn: float | None = None

    def __call__(self) -> float:
        """The number of this session."""
        if self._drawn is None:
            self._drawn = self._draw()
        return self._drawn

    def forgo(self) -> None:
        """The user has chosen a model: from now on the number is 1, which is below no share."""
        self._drawn = 1.0
