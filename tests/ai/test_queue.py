"""Places are never too many, never lost, and shared by turns, whoever comes, leaves or is cancelled."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.ai import FairQueue
from tests.ai.scripted import awaited

#: A person comes; the oldest one served goes; somebody is cancelled.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(0, 3)),
        st.tuples(st.just("go"), st.just(0)),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(STEPS, st.integers(1, 4), st.integers(1, 4))
def test_places_are_never_too_many_and_never_lost(steps: list[tuple[str, int]], places: int, each: int) -> None:
    async def run() -> None:
        queue = FairQueue(places, each=each)
        served: dict[asyncio.Task[None], tuple[str, asyncio.Event]] = {}
        tasks: list[asyncio.Task[None]] = []

        async def one(user: str) -> None:
            async with queue.place(user):
                task, done = asyncio.current_task(), asyncio.Event()
                assert task is not None
                served[task] = (user, done)
                try:
                    assert len(served) <= places
                    assert sum(other == user for other, _ in served.values()) <= each
                    await done.wait()
                finally:
                    del served[task]

        for step, number in steps:
            if step == "come":
                tasks.append(asyncio.create_task(one(f"user {number}")))
            elif step == "go" and served:
                next(iter(served.values()))[1].set()
            elif step == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            if number % 2:  # several things may happen before anybody notices
                await asyncio.sleep(0)
        for _ in range(3 * len(tasks) + 3):
            await asyncio.sleep(0)
            for _, done in served.values():
                done.set()
        assert not served
        assert all(task.done() for task in tasks)
        assert (queue.running, queue.waiting) == (0, 0)
        assert not queue._last, "nobody is remembered"
        assert not [task for task in tasks if not task.cancelled() and task.exception()]

    awaited(run())


def test_people_take_turns() -> None:
    async def run() -> None:
        queue = FairQueue(1, each=1)
        order: list[str] = []

        async def one(user: str) -> None:
            async with queue.place(user):
                order.append(user)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(user) for user in "aaaabbc"))
        assert "".join(order) == "abcabaa"

    awaited(run())
