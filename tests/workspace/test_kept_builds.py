"""What is kept of panels that were looked at is bounded by the memory that it takes, not by its number."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.sandbox.images import PanelImages, Program
from nexus_jupyter.workspace.consent import code_of

MEGABYTE = 1 << 20


def text(at: int, nodes: int = 100) -> str:
    view = "".join(f"<text>{at} {n} {{s}}</text><oops/>" for n in range(nodes))
    action = '<logic><action name="go">state.s += 1;</action></logic>'
    return f'<panel id="p{at}"><view>{view}</view><data><state name="s" type="int" default="0"/></data>{action}</panel>'


def test_builds_take_no_more_than_they_may(engine: Engine) -> None:
    reactor = Reactor(engine, kept_bytes=4 * MEGABYTE)
    reactor.check(text(0))
    gc.collect()
    tracemalloc.start()
    try:
        first = weakref.ref(reactor.check(text(1)))
        for at in range(2, 40):
            build = reactor.check(text(at))
            assert reactor.check(text(at)) is build
            # What is worked out of a build goes with it.
            assert code_of(build) is code_of(build)
        del build
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert first() is None
    assert 2 * MEGABYTE < taken < 5 * MEGABYTE


def test_a_build_that_is_too_large_is_made_and_not_kept(engine: Engine) -> None:
    reactor = Reactor(engine, kept_bytes=MEGABYTE)
    small = reactor.check(text(1, 10))
    assert reactor.check(text(2, 2000)).id == "p2"
    assert reactor.check(text(2, 2000)).id == "p2"
    assert reactor.check(text(1, 10)) is small


def test_images_take_no_more_than_they_may(engine: Engine) -> None:
    reactor = Reactor(engine)
    programs = [Program.of(f"p{at}", reactor.check(text(at, 1)).handlers) for at in range(12)]
    one = PanelImages(engine, Limits()).get(programs[0]).image.own_bytes
    images = PanelImages(engine, Limits(), kept=100, kept_bytes=4 * one)
    for program in programs:
        images.get(program)
    assert len(images) <= 4
    few = PanelImages(engine, Limits(), kept=3)
    for program in programs:
        few.get(program)
    assert len(few) == 3
