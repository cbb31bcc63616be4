"""The pictures of docs/images, from the states that the tests pictured in .local/screenshots.

`python -m tests.browser.sheets FOLDER` writes some states of the journey, and a contact sheet of
all states for each size, light beside dark. Chromium lays out, scales and encodes them.
"""

import html
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.stack.stack import LOCAL

SCREENSHOTS = LOCAL / "screenshots"
SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
SHOWN = {320: (12, 112, 196), 1280: (7, 216, 160)}
"""States side by side, then the width and height to which each picture is cut."""
QUALITY = 48
JOURNEY = "from_home_to_logout-"
ALONE = {
    **{
        name: f"{JOURNEY}{name}"
        for name in (
            "01-home",
            "02-my-account",
            "03-sign-up",
            "04-check-mail",
            "06-password-typed",
            "07-password-saved",
            "09-manage-second",
        )
    },
    "to-do": "from_what_is_to_do_to_a_correction-01-to-do",
    "declare": "from_what_is_to_do_to_a_correction-04-to-check",
    "estimate": "while_typing-02-two-lines",
}
"""The pictures of README, by name: each is a state."""
ALONE_WIDTH, ALONE_HEIGHT = 640, 730
STYLE = """
body { margin: 12px; background: #778; font: 12px/1.25 system-ui, sans-serif; color: #fff;
    display: grid; grid-template-columns: repeat(%(columns)s, max-content); gap: 16px 12px; }
figure { margin: 0; width: min-content; }
div { display: flex; gap: 2px; }
span { width: %(width)spx; height: %(height)spx; overflow: hidden; }
img { width: 100%%; }
figcaption { padding-top: 3px; overflow-wrap: anywhere; }
"""


def states(size: int) -> list[str]:
    """Return the states pictured at a size, by test and number in it."""
    ending = f"-{size}-light.png"
    return sorted(each.name.removesuffix(ending) for each in SCREENSHOTS.glob(f"*{ending}"))


def sheet(size: int) -> str:
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


def take(browser: Browser, page: str, target: Path, width: int, height: int = 0) -> None:
    """Picture a page of pictures, completely if no height is given."""
    source = SCREENSHOTS / "sheet.html"
    source.write_text(page)
    tab = browser.new_page(viewport={"width": width, "height": height or 900})
    tab.goto(source.as_uri())
    tab.wait_for_load_state("networkidle")
    options = {"type": "jpeg", "quality": QUALITY} if target.suffix == ".jpg" else {}
    tab.screenshot(path=target, full_page=not height, **options)
    tab.close()


def main(folder: Path) -> None:
    """Picture every sheet, and the states shown alone."""
    folder.mkdir(parents=True, exist_ok=True)
    program = SYSTEM_CHROMIUM if SYSTEM_CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for size, (columns, width, _) in SHOWN.items():
            whole = 24 + columns * (2 * width + 14) - 12
            take(browser, sheet(size), folder / f"states-{size}.jpg", whole)
        for name, state in ALONE.items():
            image = f'<img src="{state}-1280-light.png" style="width: 100%">'
            page = f"<!doctype html><body style='margin: 0'>{image}"
            take(browser, page, folder / f"{name}.png", ALONE_WIDTH, ALONE_HEIGHT)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
