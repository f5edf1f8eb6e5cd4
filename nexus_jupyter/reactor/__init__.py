"""The reactor, hosted: checking, printing and drawing of panels."""

from nexus_jupyter.reactor.host import MissingAggregate, MissingPage, Part, Reactor, Rendered, Worked

__all__ = ["MissingAggregate", "MissingPage", "Part", "Reactor", "Rendered", "Worked"]
