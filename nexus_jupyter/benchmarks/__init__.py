"""`nexus bench`: what it costs, beside what others cost, in the same run."""

from nexus_jupyter.benchmarks.runner import run

__all__ = ["run"]
