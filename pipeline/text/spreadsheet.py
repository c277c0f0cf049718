"""Escape cells and CSV against formula injection.

Text of files and models is untrusted: a cell that begins like a formula is written so that it is shown, not run.
"""

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV that is safe to open in a spreadsheet; the index is left out.

    Text that a spreadsheet would take for a formula gets a leading apostrophe; numbers stay numbers.
    """
    return inert(frame).to_csv(index=False, lineterminator="\r\n")


def inert(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose texts do nothing in a spreadsheet: what a page shows as a table can be downloaded from it."""
    return frame.map(inert_cell)


def inert_cell(cell: object) -> object:
    """A value that does nothing in a spreadsheet: a text that would be read as a formula begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
