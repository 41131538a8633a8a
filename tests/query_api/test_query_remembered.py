"""What is remembered of sums, and that it is never another question's answer."""

from collections.abc import Awaitable, Callable

from services.query_api.database import Row
from services.query_api.remembered import Remembered


class Asked:
    """Counts how often rows were really read."""

    def __init__(self) -> None:
        self.count = 0

    def reading(self, *rows: Row) -> Callable[[], Awaitable[list[Row]]]:
        async def read() -> list[Row]:
            self.count += 1
            return [dict(row) for row in rows]

        return read


async def test_the_same_question_is_read_once_and_its_rows_belong_to_who_asked() -> None:
    remembered, asked = Remembered(), Asked()

    (first,) = await remembered.rows("q", asked.reading({"n": 1}))
    first["n"] = 2

    assert await remembered.rows("q", asked.reading({"n": 9})) == [{"n": 1}]
    assert await remembered.rows("other", asked.reading({"n": 9})) == [{"n": 9}]
    assert asked.count == 2


async def test_what_was_asked_least_recently_makes_room() -> None:
    remembered, asked = Remembered(rows_max=2), Asked()
    for question in ("a", "b", "a", "c"):
        await remembered.rows(question, asked.reading({"n": question}))
    assert asked.count == 3

    await remembered.rows("a", asked.reading({"n": "a"}))
    assert asked.count == 3
    await remembered.rows("b", asked.reading({"n": "b"}))
    assert asked.count == 4


async def test_more_rows_than_fit_are_answered_and_not_kept() -> None:
    remembered, asked = Remembered(rows_max=2), Asked()
    many = [{"n": number} for number in range(3)]
    for _ in range(2):
        assert await remembered.rows("q", asked.reading(*many)) == many
    assert asked.count == 2
