"""Between meaning and language models: what a model is shown, who is asked, and what becomes of the answer.

`Router` is all that others need of the calls: who is asked, what it may cost, and what happens when one fails; the SDK
is loaded by the first call. `ContextBuilder` and `AnswerReader` are the ways in and out of a model, and pure.
"""

from nexus_jupyter.ai.answer import Answer, AnswerReader, Partial, Unusable
from nexus_jupyter.ai.budgets import Allowance, Budgets, Ledger
from nexus_jupyter.ai.context import ContextBuilder, ContextOptions, Focus
from nexus_jupyter.ai.edits import Edit, edits_to_ops
from nexus_jupyter.ai.endpoints import endpoints_from_environment, endpoints_of, withhold_keys
from nexus_jupyter.ai.failures import ContextOverflow
from nexus_jupyter.ai.mending import errors_of, mend, mended_edits
from nexus_jupyter.ai.metering import CallFact, Meter
from nexus_jupyter.ai.prompts import messages, repair
from nexus_jupyter.ai.queue import FairQueue
from nexus_jupyter.ai.quotation import fenced, quoted
from nexus_jupyter.ai.router import Router
from nexus_jupyter.ai.schema import ModelEdit, answer_schema
from nexus_jupyter.ai.transcripts import Transcripts, rerecord
from nexus_jupyter.privacy import private_name, private_value, redacted

__all__ = [
    "Allowance",
    "Answer",
    "AnswerReader",
    "Budgets",
    "CallFact",
    "ContextBuilder",
    "ContextOptions",
    "ContextOverflow",
    "Edit",
    "FairQueue",
    "Focus",
    "Ledger",
    "Meter",
    "ModelEdit",
    "Partial",
    "Router",
    "Transcripts",
    "Unusable",
    "answer_schema",
    "edits_to_ops",
    "endpoints_from_environment",
    "endpoints_of",
    "errors_of",
    "fenced",
    "mend",
    "mended_edits",
    "messages",
    "private_name",
    "private_value",
    "quoted",
    "redacted",
    "repair",
    "rerecord",
    "withhold_keys",
]
