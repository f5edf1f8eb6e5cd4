"""JavaScript in WebAssembly: programs loaded once, machines that start from them. Knows nothing of panels."""

from nexus_jupyter.engine.engine import Engine
from nexus_jupyter.engine.image import Image, Machine, pack, unpack
from nexus_jupyter.engine.limits import EngineFailure, JsFrame, Limits
from nexus_jupyter.engine.threads import Share

__all__ = ["Engine", "EngineFailure", "Image", "JsFrame", "Limits", "Machine", "Share", "pack", "unpack"]
