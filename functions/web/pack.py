"""``pack.py <file>``: put the texts, templates, assets and the API's document into one file.

They are a hundred small files, alike: packed each for itself they take twice the room. So they are
stored in a zip, which is compressed as one, by LZMA, whose window is larger than all of them; that
takes 5 ms to read. Assets are stored as they are served. The same files always give
the same bytes: a deployment publishes no version for nothing.
"""

import io
import lzma
import sys
import zipfile
from pathlib import Path

from files import read_asset

HERE = Path(__file__).parent
FOLDERS = ("assets", "content", "templates")
_NOT_SERVED = {"LISEZ-MOI.md"}
_YEAR_ONE = (1980, 1, 1, 0, 0, 0)
_TEXT = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0}
"""The parameters of LZMA that suit texts: what follows a letter depends on it, not on its place."""


def pack(target: Path) -> None:
    """Write the file."""
    files = [
        file
        for folder in FOLDERS
        for file in (HERE / folder).rglob("*")
        if file.is_file() and file.name not in _NOT_SERVED
    ]
    files.append(HERE / "openapi.json")
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as packed:
        for file in sorted(files, key=lambda file: (file.suffix, file.as_posix())):
            name = file.relative_to(HERE).as_posix()
            packed.writestr(zipfile.ZipInfo(name, _YEAR_ONE), read_asset(file))
    target.write_bytes(lzma.compress(stored.getvalue(), filters=[_TEXT]))


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
