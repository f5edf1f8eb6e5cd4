"""DataFrames as data sources: Arrow in, DuckDB queries, pages out."""

from nexus_jupyter.frames.page import FrameColumn, Page
from nexus_jupyter.frames.store import FrameInfo, FrameStore

__all__ = ["FrameColumn", "FrameInfo", "FrameStore", "Page"]
