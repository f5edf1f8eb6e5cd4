"""Language models: who is asked, what it may cost, and what happens when one fails.

`Router` is all that others need of the calls. Nothing here knows panels; the SDK is loaded by the first call.
"""

from nexus_jupyter.ai.budgets import Allowance, Budgets
from nexus_jupyter.ai.endpoints import endpoints_from_environment
from nexus_jupyter.ai.failures import ContextOverflow
from nexus_jupyter.ai.metering import CallFact, Meter
from nexus_jupyter.ai.queue import FairQueue
from nexus_jupyter.ai.router import Router
from nexus_jupyter.ai.transcripts import Transcripts, rerecord

__all__ = [
    "Allowance",
    "Budgets",
    "CallFact",
    "ContextOverflow",
    "FairQueue",
    "Meter",
    "Router",
    "Transcripts",
    "endpoints_from_environment",
    "rerecord",
]
