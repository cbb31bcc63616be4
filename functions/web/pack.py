"""``pack.py <file>``: put the texts, templates and assets into one file, for the package.

They are a hundred small files, alike: packed each for itself they take twice the room. They are not
compressed here, so that the package's compression sees them as one. The same files always
give the same bytes: a deployment publishes no version for nothing.
"""

import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
FOLDERS = ("assets", "content", "templates")
_NOT_SERVED = {"LISEZ-MOI.md"}
_YEAR_ONE = (1980, 1, 1, 0, 0, 0)


def pack(target: Path) -> None:
    """Write the file."""
    files = [
        file
        for folder in FOLDERS
        for file in (HERE / folder).rglob("*")
        if file.is_file() and file.name not in _NOT_SERVED
    ]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for file in sorted(files, key=lambda file: (file.suffix, file.as_posix())):
            name = file.relative_to(HERE).as_posix()
            packed.writestr(zipfile.ZipInfo(name, _YEAR_ONE), file.read_bytes())


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
