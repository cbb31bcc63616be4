"""The first screen: compressed size of what a browser with an empty cache loads."""

import base64
import importlib.util
import os
import re
import sys
from types import ModuleType
from typing import Any

from benchmarks.figures import Figure, Section
from benchmarks.world import ENVIRONMENT, ROOT

_KB = 1000


def measure() -> Section:
    """Measure the size of each page with all the assets that it names."""
    web = _web()
    weights: list[tuple[str, int, int, int]] = []
    pages = (path for path in web.SITE if not path.startswith(("/assets/", "/api/")))
    for page in sorted(path for path in pages if web.SITE[path].media_type.startswith("text/html")):
        html = _get(web, page)
        text = _get(web, page, gzip=False).decode()
        assets = sorted(set(re.findall(r'(?:href|src)="(/assets/[^"#]+)', text)))
        sizes = {asset: len(_get(web, asset)) for asset in assets}
        # These include the modules that a script imports: the page preloads them.
        scripts = sum(size for asset, size in sizes.items() if ".js" in asset)
        weights.append((page, len(html), scripts, len(html) + sum(sizes.values())))
    home = next(each for each in weights if each[0] == "/")
    heaviest = max(weights, key=lambda each: each[2])
    return Section(
        "Pages",
        "As served with gzip: the page with every asset that it names, icons included.",
        [
            Figure("first screen, gzip", home[3] / _KB, 15, "kB"),
            Figure(f"scripts, gzip (most: {heaviest[0]})", heaviest[2] / _KB, 6, "kB"),
        ],
        ["page", "HTML, kB", "scripts, kB", "all, kB"],
        [(page, *(f"{size / _KB:.1f}" for size in sizes)) for page, *sizes in weights],
    )


def _web() -> ModuleType:
    os.environ |= ENVIRONMENT
    folder = ROOT / "functions" / "web"
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location("web_app", folder / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _get(web: ModuleType, path: str, *, gzip: bool = True) -> bytes:
    event: dict[str, Any] = {
        "path": path,
        "httpMethod": "GET",
        "headers": {"accept-encoding": "gzip" if gzip else "identity"},
    }
    answer = web.handler(event, None)
    body: str = answer["body"]
    return base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
