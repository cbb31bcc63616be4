"""The structure of the package: sizes, directions of imports, and declarations of records."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import portal
from portal.core.records import Record
from tests.world.cloud import ROOT
from tools.privacy import HELD, PAGE, french, page_table, table

if TYPE_CHECKING:
    from portal.core.held import Held

SHARED = ROOT / "layers" / "shared"
SOURCES = sorted(
    path for folder in (SHARED / "portal", ROOT / "functions") for path in folder.rglob("*.py")
)
MOST_LINES = 320
MOST_METHODS = 12
MOST_LINES_OF_A_FUNCTION = 50

type Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[str]:
    """Return the names of the package's modules."""
    return [
        each.name
        for each in pkgutil.walk_packages(portal.__path__, prefix="portal.")
        if not each.ispkg
    ]


def records() -> set[type[Record]]:
    """Return every type of record that the package defines."""
    for name in modules():
        importlib.import_module(name)
    found, left = set[type[Record]](), [Record]
    while left:
        found |= (kinds := set(left.pop().__subclasses__()))
        left += kinds
    return {each for each in found if each.__module__.startswith("portal.")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_too_long(path: Path) -> None:
    """A module has at most 320 lines, a class 12 public methods, a function 50 lines."""
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function.__value__):
            assert (node.end_lineno or 0) - node.lineno < MOST_LINES_OF_A_FUNCTION, node.name
        if isinstance(node, ast.ClassDef):
            methods = [each.name for each in node.body if isinstance(each, Function.__value__)]
            public = [name for name in methods if not name.startswith("_")]
            assert len(public) <= MOST_METHODS, node.name


def test_imports_go_one_way() -> None:
    """No import goes against the directions of docs/architecture.md."""
    done = lint()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("core/feed.py", "portal.identity.feed"),
        ("core/records.py", "portal.core.table"),
        ("identity/login.py", "portal.support.contact"),
        ("identity/login.py", "portal.http.api"),
        ("rules/siret.py", "portal.core.records"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, module: str, forbidden: str) -> None:
    """An import against the directions fails the check."""
    subprocess.run(["cp", "-R", str(SHARED / "portal"), tmp_path], check=True)  # noqa: S603, S607
    file = tmp_path / "portal" / module
    file.write_text(f"{file.read_text()}\nimport {forbidden}  # noqa\n")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout
    assert forbidden.rpartition(".")[0] in done.stdout


def lint(folder: Path = SHARED) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package in a folder."""
    return subprocess.run(  # noqa: S603 - a tool of the environment
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_records_load_no_aws_sdk() -> None:
    """Importing a module that defines records loads neither botocore nor boto3."""
    defining = sorted({kind.__module__ for kind in records()})
    program = (
        f"import sys, importlib\nfor name in {defining!r}: importlib.import_module(name)\n"
        "print([each for each in ('botocore', 'boto3', 'jinja2') if each in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SHARED)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_record_is_declared_once() -> None:
    """Each record is declared in exactly one ``HELD``."""
    declared = [kind for held in HELD for kind in held.records]
    assert sorted(each.__name__ for each in declared) == sorted(each.__name__ for each in records())


def test_no_record_shows_its_values() -> None:
    """The ``repr`` of a record is its name, so that no log shows its values."""
    for kind in records():
        values = {name: f"secret-{name}" for name in kind.__struct_fields__}
        assert repr(kind(**values)) == f"<{kind.__name__}>"


def test_each_key_is_declared_once() -> None:
    """No two types of record share a partition and a sort key."""
    keys = [(kind.PARTITION, kind.SORT) for kind in records()]
    assert len(keys) == len(set(keys))


def test_the_privacy_tables_are_made_from_the_declarations() -> None:
    """docs/privacy.md and the page « Données personnelles » have the declarations' tables."""
    assert table() in (ROOT / "docs/privacy.md").read_text(), "run make privacy"
    assert page_table() in PAGE.read_text(), "run make privacy"


NUMBERS = {"one": "1", "two": "2", "un": "1", "une": "1", "deux": "2"}
BASES = {
    "(e)": "mission d’intérêt public",
    "(f)": "intérêt légitime",
    "legal duty": "obligation légale",
}


def figures(words: str) -> set[str]:
    """Return the figures of a duration, from digits and words."""
    found = re.findall(r"\d+|\w+", words.lower())
    return {NUMBERS.get(each, each) for each in found if each in NUMBERS or each.isdigit()}


@pytest.mark.parametrize("held", HELD, ids=lambda each: each.records[0].__name__)
def test_the_page_says_what_the_record_of_processing_says(held: "Held[Any]") -> None:
    """Each row is said in French, with the same durations and the same legal bases."""
    row = french()[held.records[0].__name__]
    assert row.keys() == {"donnee", "pourquoi", "duree"}
    assert figures(row["duree"]) == figures(held.kept)
    for base, said in BASES.items():
        assert (base in held.purpose) == (said in row["pourquoi"]), base


OUTSIDE = {
    "backups": "copies de sauvegarde",
    "their copy": "copies de sauvegarde",
    "requests' log": "journaux",
    "functions' log": "journaux",
    "traces": "traces techniques",
    "event bus": "événements publiés",
    "archive of the bus": "événements publiés",
    "queue `FailedEvents`": "événements qui ont échoué",
    "the stream": "copies de sauvegarde",
    "SES": "service d’envoi des courriels",
    "mailboxes": "boîte de l’assistance",
    "firewall's log": "pare-feu",
    "firewall's samples": "pare-feu",
}
"""By start of a row of docs/privacy.md « Outside the table »: the item of the page."""
NOBODY_S = ("metrics", "queue `UnsentMessages`", "CloudTrail")
"""The rows without data of a person who uses the site."""


def test_the_page_says_what_is_outside_the_table() -> None:
    """What is kept elsewhere is said in French too, and SES keeps no list in both."""
    text = re.split(r"^## ", (ROOT / "docs/privacy.md").read_text(), flags=re.MULTILINE)
    (outside,) = [part for part in text if part.startswith("Outside the table")]
    rows = re.findall(r"^\| (?!where|-)([^|]+) \| ([^|]+) \|", outside, flags=re.MULTILINE)
    items = dict(re.findall(r"^- \*\*(.+?)\*\*(.+)$", PAGE.read_text(), flags=re.MULTILINE))
    for where, _ in rows:
        known = [said for start, said in OUTSIDE.items() if where.startswith(start)]
        assert known or where.startswith(NOBODY_S), where
        assert set(known) <= items.keys(), where
    assert "keeps no list of addresses" in dict(rows)["SES"]
    assert "ne garde aucune liste d’adresses" in items["service d’envoi des courriels"]


def test_the_page_has_no_other_row() -> None:
    """No row is left of a record that is gone."""
    assert french().keys() == {held.records[0].__name__ for held in HELD}
