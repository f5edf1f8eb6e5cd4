"""The assistant: from a wish in words to a proposal, and from a person's decision to one change of the journal.

Nothing here knows Jupyter, and nothing here grants a capability.
"""

from nexus_jupyter.assistant.assistant import Assistant, AssistantOptions
from nexus_jupyter.assistant.desk import AssistantDesk

__all__ = ["Assistant", "AssistantDesk", "AssistantOptions"]
