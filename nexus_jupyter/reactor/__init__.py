"""The reactor, hosted: checking, printing and drawing of panels."""

from nexus_jupyter.reactor.host import MissingAggregate, MissingPage, Reactor, Rendered

__all__ = ["MissingAggregate", "MissingPage", "Reactor", "Rendered"]
