"""The assistant: from a wish in words to a proposal, and from a person's decision to one change of the journal.

Nothing here knows Jupyter, and nothing here grants a capability.
"""

from nexus_jupyter.assistant.assistant import Assistant, AssistantOptions

__all__ = ["Assistant", "AssistantOptions"]
