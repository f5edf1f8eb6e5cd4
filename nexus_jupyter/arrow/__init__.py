"""Arrow streams from outside of this process: checked, and decoded where a failure costs nothing."""

from nexus_jupyter.arrow.decoder import ArrowDecoder
from nexus_jupyter.arrow.plain import decoded, far_texts, is_far, local, readable, readable_table
from nexus_jupyter.arrow.reading import read_table
from nexus_jupyter.arrow.tabular import is_pandas, pandas_columns, series_array, tabular

__all__ = [
    "ArrowDecoder",
    "decoded",
    "far_texts",
    "is_far",
    "is_pandas",
    "local",
    "pandas_columns",
    "read_table",
    "readable",
    "readable_table",
    "series_array",
    "tabular",
]
