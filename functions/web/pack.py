"""``pack.py <file>``: put the texts, templates, assets and the API's document into one file.

They are two hundred small files, alike: packed each for itself they take twice the room. So they
are one text, compressed as one: by bzip2, which suits texts best of what Python has, and takes
11 ms to read. Assets are stored as they are served, other texts without comments. The same files
always give the same bytes: a deployment publishes no version for nothing.
"""

import bz2
import json
import sys
from pathlib import Path

from files import read_asset

HERE = Path(__file__).parent
FOLDERS = ("assets", "content", "templates")
_NOT_SERVED = {"LISEZ-MOI.md"}


def pack(target: Path) -> None:
    """Write the file."""
    files = [
        file
        for folder in FOLDERS
        for file in (HERE / folder).rglob("*")
        if file.is_file() and file.name not in _NOT_SERVED
    ]
    files.append(HERE / "openapi.json")
    files.sort(key=lambda file: (file.suffix, file.as_posix()))
    texts = {file.relative_to(HERE).as_posix(): read_asset(file) for file in files}
    target.write_bytes(bz2.compress(json.dumps(texts, ensure_ascii=False).encode()))


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
