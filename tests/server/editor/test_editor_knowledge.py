"""When the editor is asked about a dot, how often, and what an answer is for: with an editor that a test plays."""

import asyncio

import pytest

from assist_context.documents import Context, Cursor, MemberAccess, TextNames
from assist_context.languages import language_of
from assist_server.editor.editor_knowledge import REST, EditorKnowledge, MembersQuestion
from assist_server.editor.member_lists import AccessPlace, MemberList
from assist_server.workspace.documents import OpenDocument

URI = "file:///a.py"
CART = MemberList(frozenset({"add", "total"}), frozenset({2}))
INVENTED = TextNames(accesses=frozenset({MemberAccess("cart", "amount"), MemberAccess("other", "amount")}))


class Desk:
    """An editor that answers when the test says so, a clock that stands still, and a document."""

    def __init__(self, *, enabled: bool = True, patience: float = 60.0) -> None:
        self.now = 0.0
        self.knowledge = EditorKnowledge(lambda: enabled, lambda: self.now, patience)
        self.knowledge.ask = self.ask
        self.asked: list[MembersQuestion] = []
        self.cancelled = 0
        self.answer: asyncio.Future[MemberList | None] = asyncio.get_running_loop().create_future()

    async def ask(self, question: MembersQuestion) -> MemberList | None:
        self.asked.append(question)
        try:
            return await asyncio.shield(self.answer)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def request(self, line: str = "x = cart.", version: int = 1, later: float = 1.0) -> AccessPlace | None:
        """A request for ghost text at the end of a line, so many seconds after the one before."""
        self.now += later
        document = OpenDocument(URI, "a.py", "python", version, [f"{line}\n"])
        context = Context("a.py", language_of("a.py"), line, "\n")
        return self.knowledge.begin(document, Cursor(0, len(line)), context)

    async def refuted(self, place: AccessPlace | None) -> list[str]:
        found = await self.knowledge.refute(place, INVENTED)
        return [f"{access.receiver}.{access.member}" for access in found if access.by_editor]


async def turn() -> None:
    """Let the tasks run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_dot_is_asked_about_once_while_its_member_is_typed() -> None:
    desk = Desk()
    place = desk.request()
    desk.request()
    await turn()
    desk.answer.set_result(CART)
    assert await desk.refuted(place) == ["cart.amount"]
    for version, line in enumerate(("x = cart.a", "x = cart.am", "x = cart."), 2):
        assert await desk.refuted(desk.request(line, version)) == ["cart.amount"]
    assert desk.asked == [MembersQuestion(URI, 1, (0, 9))]
    assert desk.knowledge.counts == {"editor-asked": 1, "editor-answered": 1, "editor-refuted": 4}


async def test_the_question_is_about_the_dot_and_not_about_what_is_typed_after_it() -> None:
    desk = Desk()
    desk.request("🛒 = cart.am")
    await turn()
    assert desk.asked == [MembersQuestion(URI, 1, (0, 10))]  # as the editor counts


async def test_nothing_is_known_of_a_list_that_the_editor_does_not_have() -> None:
    desk = Desk()
    desk.answer.set_result(None)
    place = desk.request()
    await turn()
    assert await desk.refuted(place) == []
    desk.request("x = cart.a", 2)
    await turn()
    assert len(desk.asked) == 1


async def test_an_editor_that_hangs_costs_one_wait_and_then_is_left_alone() -> None:
    desk = Desk(patience=0.2)
    place = desk.request()
    await turn()
    assert await desk.refuted(place) == []
    for version in (2, 3, 4):
        assert await desk.refuted(desk.request("x = cart.a", version)) == []
    assert desk.knowledge.counts["editor-late"] == 1
    while not desk.knowledge.counts["editor-silent"]:
        await asyncio.sleep(0.01)
    desk.request("y = cart.", 5)
    await turn()
    assert len(desk.asked) == 1
    desk.request("y = cart.", 5, later=REST)
    await turn()
    assert len(desk.asked) == 2
    desk.knowledge.close()


async def test_a_late_answer_is_for_the_next_text() -> None:
    desk = Desk()
    place = desk.request()
    await turn()
    assert await desk.refuted(place) == []
    desk.answer.set_result(CART)
    await turn()
    assert await desk.refuted(desk.request("x = cart.a", 2)) == ["cart.amount"]
    assert len(desk.asked) == 1


async def test_a_cancelled_request_takes_its_question_back_unless_another_one_waits_for_it() -> None:
    desk = Desk()
    place = desk.request()
    await turn()
    desk.request("x = cart.a", 2)
    desk.knowledge.cancel(place)
    await turn()
    assert desk.cancelled == 0
    desk.knowledge.cancel(place)
    await turn()
    assert (desk.cancelled, len(desk.asked)) == (1, 1)


async def test_another_dot_takes_the_question_back() -> None:
    desk = Desk()
    desk.request()
    await turn()
    desk.request("x = cart.total.", 2)
    await turn()
    assert (desk.cancelled, len(desk.asked)) == (1, 2)
    desk.knowledge.close()


async def test_who_types_fast_is_not_followed() -> None:
    desk = Desk()
    desk.request("x = a")
    for version, line in enumerate(("x = a.", "x = a.b.", "x = a.b.c."), 2):
        desk.request(line, version, later=0.05)
        await turn()
    assert desk.asked == []
    while not desk.asked:
        await asyncio.sleep(0.01)
    assert [question.at for question in desk.asked] == [(0, 10)]
    desk.knowledge.close()


async def test_a_text_that_comes_before_the_question_waits_for_nothing() -> None:
    desk = Desk()
    desk.request("x = cart")
    place = desk.request("x = cart.", 2, later=0.05)
    assert await desk.refuted(place) == []
    assert desk.knowledge.counts["editor-late"] == 0
    desk.knowledge.close()


@pytest.mark.parametrize("line", ["x = cart", "cart", "# see"])
async def test_without_a_dot_nothing_is_asked(line: str) -> None:
    desk = Desk()
    assert desk.request(line) is None
    await turn()
    assert desk.asked == []


async def test_the_setting_turns_it_off() -> None:
    desk = Desk(enabled=False)
    assert desk.request() is None
    await turn()
    assert desk.asked == []


async def test_an_editor_that_cannot_be_asked_is_not() -> None:
    desk = Desk()
    desk.knowledge.ask = None
    assert desk.request() is None
    assert desk.knowledge.counts == {}


async def test_a_change_elsewhere_may_be_one_of_the_type() -> None:
    desk = Desk()
    desk.answer.set_result(CART)
    desk.request()
    await turn()
    desk.knowledge.forget_others(URI)
    desk.request()
    await turn()
    assert len(desk.asked) == 1
    desk.knowledge.forget_others("file:///cart.py")
    desk.request()
    await turn()
    assert len(desk.asked) == 2
