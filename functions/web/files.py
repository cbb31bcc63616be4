"""Where the texts, templates and assets are: beside this module, or in the file of a build."""

import bz2
import io
import json
import re
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
PACKED = HERE / "site.bz2"

type File = Path | zipfile.Path


def _files() -> File:
    if not PACKED.exists():
        return HERE
    unpacked = io.BytesIO()
    with zipfile.ZipFile(unpacked, "w") as written:
        for name, text in json.loads(bz2.decompress(PACKED.read_bytes())).items():
            written.writestr(name, text)
    # Opened to read, it looks its names up once, not each time.
    return zipfile.Path(zipfile.ZipFile(unpacked))


FILES: File = _files()

_COMMENT = re.compile(
    r"^\s*(?://[^\n]*|/\*\*.*?\*/)\n|^[ \t]+|(?<=[;,(){}]) //[^\n]*$", re.MULTILINE | re.DOTALL
)
_LINE_COMMENT = re.compile(r"^(?:{#.*?#}|#[^\n]*)\n", re.MULTILINE | re.DOTALL)
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
        case ".j2" | ".toml":
            return _LINE_COMMENT.sub("", text)
        case _:
            return text
