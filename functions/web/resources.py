"""What is served: texts in both encodings, and assets named by the hash of their content."""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

_IMMUTABLE = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_REFERENCE = re.compile(r'(?<=")\./([\w-]+\.(?:js|svg))(?=")')
_IMPORT = re.compile(r'(?<=from ")\./([\w-]+\.js)(?=")')


class Representation(Struct, frozen=True):
    """A body ready for the gateway (text, or base64 when compressed) and its strong ETag."""

    body: str
    etag: str


class Resource(Struct, frozen=True):
    """What is served at one path, in both encodings."""

    media_type: str
    cache_control: str
    plain: Representation
    gzipped: Representation


def resource(text: str, media_type: str, cache_control: str) -> Resource:
    """Return a text as a resource; the same text always gives the same bytes and ETags."""
    content = text.encode()
    digest = _digest(content)
    compressed = gzip.compress(content, compresslevel=9, mtime=0)
    return Resource(
        media_type,
        cache_control,
        Representation(text, f'"{digest}"'),
        Representation(base64.b64encode(compressed).decode(), f'"{digest}-gzip"'),
    )


class Assets:
    """Files named by the hash of their content, so that browsers may cache them for ever."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._named: dict[str, tuple[str, str]] = {}
        for name in self._sources:
            self._name(name)

    def url(self, name: str) -> str:
        """Return the address of an asset."""
        return self._named[name][0]

    def imported_by(self, script: str) -> list[str]:
        """Return the addresses of the modules that ``script`` imports, directly or not."""
        names = dict.fromkeys(self._imports([script] if script else []))
        return [self.url(name) for name in names]

    def resources(self) -> dict[str, Resource]:
        """Return the assets by address."""
        return {
            url: resource(text, _MEDIA_TYPES[Path(url).suffix], _IMMUTABLE)
            for url, text in self._named.values()
        }

    def _name(self, name: str) -> str:
        """Name an asset by its hash, after naming the assets that it refers to."""
        if name not in self._named:
            text = _REFERENCE.sub(lambda found: self._name(found[1]), self._sources[name])
            stem, _, extension = name.rpartition(".")
            url = f"/assets/{stem}-{_digest(text.encode())[:12]}.{extension}"
            self._named[name] = (url, text)
        return self._named[name][0]

    def _imports(self, names: Iterable[str]) -> Iterable[str]:
        for name in names:
            found = [match[1] for match in _IMPORT.finditer(self._sources[name])]
            yield from found
            yield from self._imports(found)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
