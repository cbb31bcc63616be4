"""The pages for who writes a program: the reference of the API, and what each problem means."""

import base64
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from html import unescape
from types import ModuleType
from typing import Any

import pytest

from benchmarks.world import ENVIRONMENT
from tests.functions.test_pages import PROBLEMS, WEB, load, parsed
from tests.world.cloud import ROOT
from tools.audit.__main__ import reached
from tools.openapi.problems import problem_types

MODULES = ("pages", "content", "publisher", "reference", "resources", "files")
OPENAPI: dict[str, Any] = json.loads((WEB / "openapi.json").read_text())
OF_THE_GATEWAY = set(
    re.findall(r'"type":"/problems/([a-z-]+)"', (ROOT / "template.yaml").read_text())
)
SLUGS = sorted(set(problem_types()) | OF_THE_GATEWAY)
DOCS_BUDGET = 40_000
"""The reference as it is sent: one page, for developers."""


@pytest.fixture(scope="module")
def app() -> Iterator[ModuleType]:
    """Load the handler as Lambda does, with its own folder on the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(WEB)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        for name in MODULES:
            patch.delitem(sys.modules, name, raising=False)
        yield load("app")
        for name in MODULES:
            sys.modules.pop(name, None)


type Read = Callable[[str], dict[str, Any]]


@pytest.fixture
def read(app: ModuleType) -> Read:
    """Ask the handler for a page."""
    return lambda path: app.handler({"path": path, "httpMethod": "GET"}, None)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of each operation."""
    return [
        (method.upper(), path, operation)
        for path, methods in OPENAPI["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_problem_has_a_page(read: Read, slug: str) -> None:
    """The `type` of each problem, the gateway's too, leads to a page: what it is, what to do."""
    answer = read(f"/problems/{slug}")
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"].startswith("text/html")
    body = unescape(answer["body"])
    assert "Que faire" in body
    assert "Pour un programme" in body
    assert f"<code>{slug}</code>" in body
    if slug in problem_types():
        kind = problem_types()[slug]
        assert f"<dd>{kind.status}</dd>" in body
        assert f'"detail": "{kind.detail}"' in body


def test_no_page_is_of_no_problem(read: Read) -> None:
    """There is a page for each problem and no other; an unknown one is the page « introuvable »."""
    assert sorted(PROBLEMS) == SLUGS
    unknown = read("/problems/no-such-problem")
    assert unknown["statusCode"] == 404
    assert unknown["headers"]["Content-Type"].startswith("text/html")
    assert "Page introuvable" in unknown["body"]


def test_a_problem_names_the_operations_that_answer_it(read: Read) -> None:
    """The page of a problem leads to each operation of the reference that may answer it."""
    for slug in problem_types():
        body = read(f"/problems/{slug}")["body"]
        linked = set(re.findall(r'href="/api/docs#(\w+)"', body))
        assert linked == {
            operation["operationId"]
            for _, _, operation in operations()
            if any(
                slug in each["description"].split(" | ") for each in operation["responses"].values()
            )
        }


def test_the_reference_has_every_operation(read: Read) -> None:
    """Each operation is there with its fields, their rules, its answers, headers and problems."""
    answer = read("/api/docs")
    assert answer["statusCode"] == 200
    page = unescape(answer["body"])
    for method, path, operation in operations():
        start = page.index(f'<article class="card" id="{operation["operationId"]}"')
        part = page[start : page.index("</article>", start)]
        assert f'<span class="method">{method}</span> <code>{path}</code>' in part
        assert operation["summary"] in part
        for status, each in operation["responses"].items():
            assert f"<dt>{status}</dt>" in part
            assert ", ".join(each.get("headers", ())) in part
            if int(status) >= 400:
                for slug in each["description"].split(" | "):
                    assert f'<a href="/problems/{slug}">{slug}</a>' in part
        for name in fields(operation):
            assert f"<code>{name}</code>" in part


def fields(operation: dict[str, Any]) -> set[str]:
    """Return the fields of the body of an operation, and its parameters."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    names = {each["name"] for each in operation.get("parameters", ())}
    if body:
        name = body["schema"]["$ref"].rpartition("/")[2]
        names |= set(OPENAPI["components"]["schemas"][name]["properties"])
    return names


def test_each_example_can_be_pasted_into_a_shell(read: Read) -> None:
    """Each operation has a curl command with its example, which a shell reads as it is."""
    page = unescape(read("/api/docs")["body"])
    assert page.count("curl -sS") == len(operations())
    for command in re.findall(r"<code>(curl -sS.*?)</code>", page, re.DOTALL):
        words = shlex.split(command.replace("\\\n", " "))
        assert words[0] == "curl"
        assert any(word.startswith("https://portail.example/api/") for word in words)
        if "-d" in words:
            assert isinstance(json.loads(words[words.index("-d") + 1]), dict)


def test_the_reference_keeps_to_the_policy(app: ModuleType, read: Read) -> None:
    """It has no script and no inline style, loads nothing from elsewhere, and names its headers."""
    answer = read("/api/docs")
    page = parsed(answer["body"])
    assert "script-src 'self'" in answer["headers"]["Content-Security-Policy"]
    assert not [each for tag, each in page.tags if tag == "script" and each.get("src") is None]
    assert not [each for _, each in page.tags if "style" in each]
    assert "<style" not in answer["body"]
    loaded = [*page.values("src"), *(e["href"] for t, e in page.tags if t == "link")]
    assert all(each.startswith("/assets/") and each in app.SITE for each in loaded)
    for header in OPENAPI["components"]["headers"]:
        assert f"<dt><code>{header}</code></dt>" in answer["body"]
    assert len(base64.b64decode(app.SITE["/api/docs"].gzipped.body)) <= DOCS_BUDGET


def test_links_of_the_reference_lead_somewhere(app: ModuleType, read: Read) -> None:
    """Each link of the reference and of the problems' pages is a page or a part of one."""
    for path in ("/api/docs", *(f"/problems/{slug}" for slug in SLUGS)):
        page = parsed(read(path)["body"])
        for tag, each in page.tags:
            target = each.get("href", "")
            if tag == "a" and target.startswith(("/", "#")):
                address, _, part = target.partition("#")
                assert (address or path) in app.SITE
                if part and part != "contenu":
                    linked = parsed(read(address or path)["body"])
                    assert part in linked.values("id")


def test_the_reference_is_only_read(app: ModuleType) -> None:
    """Any other method than GET and HEAD is refused, as for every page."""
    answer = app.handler({"path": "/api/docs", "httpMethod": "POST"}, None)
    assert answer["statusCode"] == 405


def test_every_page_is_audited(app: ModuleType, read: Read) -> None:
    """`make audit` finds each page of the site, the reference and the problems' pages too."""
    found = reached(lambda path: read(path)["body"])
    files = ("/assets/", "/api/openapi.json")
    site = {path for path in app.SITE if not path.startswith(files)}
    assert set(found) - {"/404"} == site, "a page without link: a line of UNLINKED_PAGES"
