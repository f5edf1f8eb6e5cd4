"""Arrow streams from outside of this process: checked, and decoded where a failure costs nothing."""

from nexus_jupyter.arrow.decoder import ArrowDecoder
from nexus_jupyter.arrow.plain import cells, decoded, local, readable, readable_table, records
from nexus_jupyter.arrow.reading import read_table

__all__ = ["ArrowDecoder", "cells", "decoded", "local", "read_table", "readable", "readable_table", "records"]
