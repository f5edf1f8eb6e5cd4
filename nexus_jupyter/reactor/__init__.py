"""The reactor, hosted: checking, printing and drawing of panels."""

from nexus_jupyter.reactor.host import LONGEST, MissingAggregate, MissingPage, Part, Reactor, Rendered, Worked

__all__ = ["LONGEST", "MissingAggregate", "MissingPage", "Part", "Reactor", "Rendered", "Worked"]
