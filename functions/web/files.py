"""Where the texts, templates and assets are: beside this module, or in the file of a build."""

import io
import lzma
import re
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
PACKED = HERE / "site.xz"

type File = Path | zipfile.Path


def _files() -> File:
    if not PACKED.exists():
        return HERE
    return zipfile.Path(zipfile.ZipFile(io.BytesIO(lzma.decompress(PACKED.read_bytes()))))


FILES: File = _files()

_COMMENT = re.compile(
    r"^\s*(?://[^\n]*|/\*\*.*?\*/)\n|^[ \t]+|(?<=[;,(){}]) //[^\n]*$", re.MULTILINE | re.DOTALL
)
_STYLE_SPACE = re.compile(r"/\*.*?\*/\s*|\s*([{};,])\s*|(?<=[a-z])(:)\s+", re.DOTALL)


def read_assets() -> dict[str, str]:
    """Return the assets as they are served, by the name of their file."""
    files = sorted((FILES / "assets").iterdir(), key=lambda file: file.name)
    return {file.name: read_asset(file) for file in files}


def read_asset(file: File) -> str:
    """Return a file as it is served: modules and style without comments and indentation."""
    text = file.read_text()
    match file.suffix:
        case ".js":
            return _COMMENT.sub("", text)
        case ".css":
            return _STYLE_SPACE.sub(lambda found: found[1] or found[2] or "", text)
        case _:
            return text
