"""LibreOffice as a clerk uses it: a workbook is opened and saved again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PROGRAM = shutil.which("soffice")
SECONDS = 300  # 84 were seen on a busy machine, for its first start


def saved_again(book: Path, folder: Path) -> Path:
    """The workbook as LibreOffice saves it; where it is not installed (300 MB, over a minute), the workbook itself.

    Raises:
        AssertionError: LibreOffice could not open it.
    """
    if PROGRAM is None:
        return book
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"  # its own: two of them lock each other out
    words = [PROGRAM, profile, "--headless", "--norestore", "--convert-to", "xlsx", "--outdir", str(folder), str(book)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (folder / book.name).is_file(), f"LibreOffice opened nothing: {done.stderr}"
    return folder / book.name
