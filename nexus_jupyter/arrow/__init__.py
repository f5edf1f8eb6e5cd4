"""Arrow streams from outside of this process: checked, and decoded where a failure costs nothing."""

from nexus_jupyter.arrow.decoder import ArrowDecoder
from nexus_jupyter.arrow.plain import decoded, local, readable, readable_table
from nexus_jupyter.arrow.reading import read_table

__all__ = ["ArrowDecoder", "decoded", "local", "read_table", "readable", "readable_table"]
