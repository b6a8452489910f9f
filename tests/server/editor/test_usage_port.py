"""What counts the use of a session is a plugin: with it counts are made, without it all else works."""

from pathlib import Path

from ghost_desk import URI, writing

from assist_server.editor.usage_port import UsageRecords, open_usage


def test_the_plugin_is_found(tmp_path: Path) -> None:
    assert type(open_usage(tmp_path, tuple)).__module__.startswith("assist_evaluation.")


async def test_without_the_plugin_texts_are_shown_and_accepted(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        desk.session.usage = UsageRecords()
        assert await desk.accept() == "total(items)"
        desk.session.save_document(URI)
        desk.session.close_document(URI)
        desk.session.usage.record_session(desk.session.totals())
    assert not (desk.session.config.paths.data / "usage.jsonl").exists()
