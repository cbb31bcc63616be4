"""The texts of the site: Markdown files that anybody can edit, read once.

``content/LISEZ-MOI.md`` explains how to write one, ``content/faits.toml`` what they may cite.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

from files import File
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from msgspec import Struct

_MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_PROPERTIES = {"titre", "résumé", "mots", "date"}
_REQUIRED = {"titre", "résumé"}

# The spaces that must not break in French typography.
_BREAKABLE = re.compile(r"[ \n](?=[:;?!»])|(?<=«) |(?<=\d) (?=\d{3}\b|[€%])|(?<=[nN]°) ")
_WORD = re.compile(r"[a-z0-9]{2,}")
_DATED = re.compile(r"^date: *(\S+)$", re.MULTILINE)
_SCHEME = re.compile(r"^https://(?:www\.)?")
_CITED = re.compile(r"\{([a-z0-9-]+)\}")


class Fact(Struct, frozen=True):
    """What a text cites by name; a figure or a law has a source, and the day when it was read."""

    text: str
    source: str = ""
    read: date = date.min


type Facts = Mapping[str, Fact]


class Article(Struct, frozen=True):
    """A text of the site; ``words`` are additional search terms."""

    slug: str
    title: str
    summary: str
    published: date | None
    words: str
    html: str
    text: str

    @property
    def day(self) -> str:
        """The day of publication as people write it, or an empty string."""
        return french_day(self.published) if self.published else ""


def read_facts(file: File) -> Facts:
    """Return the facts of a file, by name; raises ``KeyError`` for one without source or day."""
    rows = tomllib.loads(file.read_text())
    return {name: Fact(row["texte"], row["source"], row["lu"]) for name, row in rows.items()}


def read_articles(folder: File, facts: Facts = MappingProxyType({})) -> Sequence[Article]:
    """Return the texts of a folder: the newest first when they are dated, else by file name.

    Raises ``ValueError``, with the file's name, for properties that are missing or unknown, and
    for a fact that does not exist.
    """
    articles = [
        _read(file, facts) for file in sorted(folder.glob("*.md"), key=lambda file: file.name)
    ]
    return sorted(articles, key=lambda article: article.published or date.min, reverse=True)


def read_problems(file: File) -> Sequence[Article]:
    """Return a text for each problem of the API, with what to do about it."""
    return [
        _article(
            slug,
            row["titre"],
            row["résumé"],
            "\n\n".join(
                [
                    f"{row['résumé']}\n\n{row['sens']}\n\n## Que faire ?",
                    "\n".join(f"- {each}" for each in row["faire"]),
                    f"## Pour un programme\n\n{row['programme']}",
                ]
            ),
        )
        for slug, row in tomllib.loads(file.read_text()).items()
    ]


def french_day(day: date) -> str:
    """Return a date such as « 1er mars 2026 », with no-break spaces."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number}\u00a0{_MONTHS[day.month - 1]}\u00a0{day.year}"


def typeset(text: str) -> str:
    """Return a text with the no-break spaces and apostrophes of French typography."""
    return _BREAKABLE.sub("\u00a0", text).replace("'", "’")


def fold(text: str) -> str:
    """Return the words of a text, once each, without case or accents, for the search."""
    bare = unicodedata.normalize("NFKD", text.replace("œ", "oe").lower())
    letters = "".join(each for each in bare if not unicodedata.combining(each))
    return " ".join(dict.fromkeys(_WORD.findall(letters)))


def _cite(text: str, facts: Facts) -> str:
    """Return a text with the facts that it names, and their sources at its end."""
    cited = [facts[name] for name in _CITED.findall(text)]
    sources = dict.fromkeys((each.source, each.read) for each in cited if each.source)
    shown = [
        f"[{_SCHEME.sub('', url).strip('/')}]({url}), lu le {french_day(day)}"
        for url, day in sources
    ]
    filled = _CITED.sub(lambda found: facts[found[1]].text, text)
    return f"{filled}\nSources : {' ; '.join(shown)}.\n" if shown else filled


def _read(file: File, facts: Facts) -> Article:
    written = file.read_text()
    dated = _DATED.search(written)
    if dated:
        facts = {**facts, "date": Fact(french_day(date.fromisoformat(dated[1])))}
    try:
        _, head, body = _cite(written, facts).split("---\n", 2)
    except KeyError as missing:
        raise ValueError(f"{file.name}: no fact is named {missing}") from None
    properties = {
        name.strip(): value.strip()
        for name, separator, value in (line.partition(":") for line in head.splitlines())
        if separator
    }
    if not _REQUIRED <= properties.keys() <= _PROPERTIES:
        raise ValueError(f"{file.name}: properties are {', '.join(sorted(_PROPERTIES))}")
    day = properties.get("date")
    return _article(
        file.stem.lstrip("0123456789-"),  # numbers rank the files
        properties["titre"],
        properties["résumé"],
        body,
        words=properties.get("mots", ""),
        published=date.fromisoformat(day) if day else None,
    )


def _article(
    slug: str,
    title: str,
    summary: str,
    body: str,
    *,
    words: str = "",
    published: date | None = None,
) -> Article:
    tokens = _MARKDOWN.parse(body)
    found = [each.content for token in tokens for each in token.children or () if each.content]
    return Article(
        slug=slug,
        title=typeset(title),
        summary=typeset(summary),
        published=published,
        words=words,
        html=_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        text=" ".join(found),
    )


def _finish(state: StateCore) -> None:
    """Apply French typography to a text, and mark its links to other sites."""
    for block in state.tokens:
        finished: list[Token] = []
        leaves = False
        for token in block.children or ():
            if token.type == "text":
                token.content = typeset(token.content)
            elif token.type == "link_open":
                leaves = str(token.attrGet("href")).startswith("https:")
                if leaves:
                    token.attrSet("rel", "external")
            elif token.type == "link_close" and leaves:
                told = '<span class="spoken"> (autre site)</span>'
                finished.append(Token("html_inline", "", 0, content=told))
            finished.append(token)
        if block.children is not None:
            block.children = finished


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
_MARKDOWN.core.ruler.push("finish", _finish)
