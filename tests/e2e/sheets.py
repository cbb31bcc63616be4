"""Contact sheets of the states in .local/screenshots, which the tests took: one for each size.

`python -m tests.e2e.sheets FOLDER` writes states-320.jpg and states-1280.jpg: Chromium lays the
pictures out, each state light and dark.
"""

import html
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.local.stack import LOCAL

SCREENSHOTS = LOCAL / "screenshots"
SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
SHOWN = {320: (15, 76, 160), 1280: (8, 160, 132)}
"""States side by side, then width and height of each picture."""
QUALITY = 70
STYLE = """
body { margin: 12px; background: #778; font: 11px/1.2 system-ui, sans-serif; color: #fff;
    display: grid; grid-template-columns: repeat(%(columns)s, max-content); gap: 14px 12px; }
figure { margin: 0; width: min-content; }
div { display: flex; gap: 2px; }
span { width: %(width)spx; height: %(height)spx; overflow: hidden; }
img { width: 100%%; }
figcaption { padding-top: 3px; overflow-wrap: anywhere; }
"""


def states(size: int) -> list[str]:
    """Return the states that were pictured at a size, by their test and place in it."""
    ending = f"-{size}-light.png"
    return sorted(each.name.removesuffix(ending) for each in SCREENSHOTS.glob(f"*{ending}"))


def page_of(size: int) -> str:
    """Return the page of thumbnails of a size."""
    columns, width, height = SHOWN[size]
    figures = [
        "<figure><div>"
        + "".join(
            f'<span><img alt="" src="{html.escape(f"{state}-{size}-{theme}.png")}"></span>'
            for theme in ("light", "dark")
        )
        + f"</div><figcaption>{html.escape(re.sub(r'[-_]', ' ', state))}</figcaption></figure>"
        for state in states(size)
    ]
    style = STYLE % {"columns": columns, "width": width, "height": height}
    return f'<!doctype html><meta charset="utf-8"><style>{style}</style>{"".join(figures)}'


def take(browser: Browser, size: int, folder: Path) -> None:
    """Picture the sheet of a size."""
    source = SCREENSHOTS / f"states-{size}.html"
    source.write_text(page_of(size))
    columns, width, _ = SHOWN[size]
    view = {"width": 24 + columns * (2 * width + 14) - 12, "height": 900}
    page = browser.new_page(viewport=view)
    page.goto(source.as_uri())
    page.wait_for_load_state("networkidle")
    target = folder / f"states-{size}.jpg"
    page.screenshot(path=target, full_page=True, type="jpeg", quality=QUALITY)
    page.close()


def main(folder: Path) -> None:
    """Picture every sheet."""
    program = SYSTEM_CHROMIUM if SYSTEM_CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for size in SHOWN:
            take(browser, size, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
