"""JavaScript in WebAssembly: programs loaded once, each call in an instance of its own. Knows nothing of panels."""

from nexus_jupyter.engine.engine import Engine, Image, Outcome
from nexus_jupyter.engine.limits import EngineFailure, JsFrame, Limits

__all__ = ["Engine", "EngineFailure", "Image", "JsFrame", "Limits", "Outcome"]
