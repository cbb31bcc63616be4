"""The pages: what is served, with which headers, and the rules of every page."""

import ast
import base64
import gzip
import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any, override

import pytest

from benchmarks.world import ENVIRONMENT
from portal.rules.password import CRITERIA

WEB = Path(__file__).parents[2] / "functions" / "web"
CONTENT = WEB / "content"
HELP = list((CONTENT / "help").glob("*.md"))
NEWS = list((CONTENT / "news").glob("*.md"))
PROBLEMS = tomllib.loads((CONTENT / "problems.toml").read_text())
FIRST_SCREEN_BUDGET = 15_000
SCRIPTS_BUDGET = 6_000
ALL_SCRIPTS_BUDGET = 9_000
SELDOM_LOADED = (
    "amounts",
    "confirm-email",
    "declared",
    "ending",
    "keep",
    "leaving",
    "link-identity",
    "not-open",
    "pay-",
    "plan-shown",
    "passkey-changes",
    "provider",
    "reauthentication",
    "reveal",
    "second-step",
    "tracking",
    "withdraw-email",
)
"""Modules that are not counted: those of a rare state, of a later screen, of a minute later, of
passwords, or that are loaded instead of heavier ones."""
PUBLIC_PATHS = (
    "/",
    "/mon-compte",
    "/creer-mon-compte",
    "/mot-de-passe-enregistre",
    "/mot-de-passe-oublie",
    "/nous-contacter",
    "/estimer",
    "/une-question",
    "/actualites",
    "/s-informer",
    "/creer",
    "/mentions-legales",
    "/donnees-personnelles",
    "/accessibilite",
    *(f"/une-question/{file.stem.lstrip('0123456789-')}" for file in sorted(HELP)),
    *(f"/actualites/{file.stem}" for file in sorted(NEWS)),
    *(f"/problems/{slug}" for slug in PROBLEMS),
)
PRIVATE_PATHS = (
    "/verifiez-vos-courriels",
    "/valider",
    "/premiere-connexion",
    "/nouveau-mot-de-passe",
    "/annuler-changement",
    "/gerer",
    "/gerer/echeances",
    "/gerer/echeances/{code}",
    "/gerer/mon-compte",
    "/gerer/mon-compte/securite",
    "/garder-double-verification",
    "/gerer/mon-compte/identite",
    "/gerer/mon-compte/telephone",
    "/gerer/mon-compte/courriel",
    "/gerer/mon-compte/mot-de-passe",
    "/gerer/mon-compte/suppression",
    "/gerer/mon-compte/double-verification",
    "/gerer/paiements",
    "/gerer/delais-de-paiement",
    "/gerer/moyens-de-paiement",
    "/gerer/moyens-de-paiement/ajouter",
)
PATHS = PUBLIC_PATHS + PRIVATE_PATHS


def load(name: str) -> ModuleType:
    """Return a module of the function, under a name that no other function's module has."""
    spec = importlib.util.spec_from_file_location(f"web_{name}", WEB / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def app() -> Iterator[ModuleType]:
    """Load the handler as Lambda does, with its own folder on the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(WEB)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        for name in ("pages", "content", "publisher", "reference", "resources", "files"):
            patch.delitem(sys.modules, name, raising=False)
        yield load("app")
        for name in ("pages", "content", "publisher", "reference", "resources", "files"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def content(app: ModuleType) -> ModuleType:
    """Return the module that the handler reads texts with."""
    return sys.modules[sys.modules[app.render_site.__module__].read_articles.__module__]


type Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(app: ModuleType) -> Ask:
    """Call the handler with a REST API proxy event."""

    def call(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
        event = {
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": method,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "multiValueHeaders": None,
            "requestContext": {"requestId": "request-1"},
            "body": None,
            "isBase64Encoded": False,
        }
        return app.handler(event, None)

    return call


class Document(HTMLParser):
    """A parsed page: its tags with their attributes, and its visible and spoken texts."""

    SHOWN_ATTRIBUTES = ("alt", "aria-label", "content", "placeholder", "title")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._in_code = 0  # what programs read has the typography of programs
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        self._in_code += tag == "code"
        self.texts += [
            value
            for name, value in attributes.items()
            if name in {*self.SHOWN_ATTRIBUTES, "data-missing", "data-title", "data-open"}
        ]

    @override
    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"

    @override
    def handle_data(self, data: str) -> None:
        if not self._in_code:
            self.texts.append(data)

    def values(self, name: str) -> list[str]:
        """Return all values of an attribute on the page."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]


@cache
def parsed(html: str) -> Document:
    """Return a parsed page; pages lead to each other, and many tests look at each."""
    return Document(html)


@pytest.fixture
def document(ask: Ask) -> Callable[[str], Document]:
    """Fetch and parse a page."""
    return lambda path: parsed(ask(path)["body"])


@pytest.mark.guards("content-security-policy", "trusted-types")
@pytest.mark.parametrize("path", PATHS)
def test_page_is_served_with_security_headers(ask: Ask, path: str) -> None:
    """Every page is HTML under a policy that allows only our own files."""
    answer = ask(path)
    assert answer["statusCode"] == 200
    headers = answer["headers"]
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(
        part.partition(" ")[::2] for part in headers["Content-Security-Policy"].split("; ")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_every_page_is_tested(app: ModuleType) -> None:
    """These tests cover every page of the site."""
    assert {path for path in app.SITE if not path.startswith(("/assets/", "/api/"))} == set(PATHS)


@pytest.mark.parametrize("code", ["2026-10", "2026-Q4"])
def test_every_period_has_its_page(ask: Ask, code: str) -> None:
    """The address of a month and of a quarter lead to the page of a period, with or without /."""
    page = ask(f"/gerer/echeances/{code}")
    assert page["statusCode"] == 200
    assert page["body"] == ask("/gerer/echeances/{code}")["body"]
    with_slash = ask(f"/gerer/echeances/{code}/")
    assert (with_slash["statusCode"], with_slash["headers"]["Location"]) == (
        308,
        f"/gerer/echeances/{code}",
    )


@pytest.mark.parametrize("code", ["2026-13", "2026-Q5", "2026", "2026-10-01", "a/2026-10"])
def test_what_is_no_period_has_no_page(ask: Ask, code: str) -> None:
    """An address of no period is not found."""
    assert ask(f"/gerer/echeances/{code}")["statusCode"] == 404


@pytest.mark.parametrize("path", PUBLIC_PATHS)
def test_public_page_is_revalidated(ask: Ask, path: str) -> None:
    """Browsers keep a page without personal data and check its ETag."""
    first = ask(path)
    assert first["headers"]["Cache-Control"] == "no-cache"
    etag = first["headers"]["ETag"]
    assert etag.startswith('"')
    again = ask(path, If_None_Match=f'"other", W/{etag}')
    assert again["statusCode"] == 304
    assert again["body"] == ""
    assert again["headers"]["ETag"] == etag
    assert ask(path, If_None_Match='"other"')["statusCode"] == 200


@pytest.mark.parametrize("path", PRIVATE_PATHS)
def test_private_page_is_never_kept(ask: Ask, path: str) -> None:
    """A page that shows personal data is never stored."""
    headers = ask(path)["headers"]
    assert headers["Cache-Control"] == "no-store"
    assert "ETag" not in headers


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0, *", False),
        ("gzip; q=0.0", False),
        ("br", False),
        ("identity", False),
        ("", False),
        (";;,=,q", False),
    ],
)
def test_compression_follows_accept_encoding(ask: Ask, accepted: str, *, compressed: bool) -> None:
    """Bodies are gzipped for who accepts gzip, with an ETag of their own."""
    plain = ask("/")
    answer = ask("/", accept_encoding=accepted)
    assert answer["headers"]["Vary"] == "Accept-Encoding"
    assert answer["isBase64Encoded"] is compressed
    assert (answer["headers"].get("Content-Encoding") == "gzip") is compressed
    if compressed:
        body = base64.b64decode(answer["body"])
        assert gzip.decompress(body).decode() == plain["body"]
        assert body[4:8] == bytes(4), "the body must not contain the time of compression"
        assert answer["headers"]["ETag"] != plain["headers"]["ETag"]
    else:
        assert answer["body"] == plain["body"]


def test_rendering_is_reproducible(app: ModuleType) -> None:
    """Two starts of the function serve the same bytes under the same names."""
    assert app.render_site() == (app.SITE, app.UNKNOWN_PAGE)


def test_multi_value_headers_are_read(app: ModuleType) -> None:
    """Headers are read when the event only has their multi-value form."""
    event = {
        "path": "/",
        "httpMethod": "GET",
        "multiValueHeaders": {"Accept-Encoding": ["br", "gzip"]},
    }
    assert app.handler(event, None)["isBase64Encoded"] is True


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_head_has_the_headers_of_get_and_no_body(ask: Ask, path: str) -> None:
    """HEAD gets the headers of GET and no body."""
    head, get = ask(path, "HEAD", accept_encoding="gzip"), ask(path, accept_encoding="gzip")
    assert head["body"] == ""
    assert head["isBase64Encoded"] is False
    assert (head["statusCode"], head["headers"]) == (get["statusCode"], get["headers"])


def test_unknown_page_is_a_page(ask: Ask) -> None:
    """An unknown address gets a readable page with status 404."""
    answer = ask("/nowhere")
    assert answer["statusCode"] == 404
    assert "Page introuvable" in answer["body"]
    assert "ETag" not in answer["headers"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nowhere", "/api/login/"])
def test_unknown_api_path_is_a_problem(ask: Ask, path: str, method: str) -> None:
    """An unknown path under /api gets a problem, the API's own format."""
    answer = ask(path, method)
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    if method != "HEAD":
        problem = json.loads(answer["body"])
        assert problem["type"] == "https://portail.example/problems/not-found"
        assert problem["status"] == 404
        assert problem["instance"] == "request-1"
        assert problem["title"]
        assert problem["detail"]


@pytest.mark.guards("methods-that-read")
@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", ""]
)
def test_pages_are_only_read(ask: Ask, method: str) -> None:
    """Any method but GET and HEAD is refused, with the methods that are allowed."""
    answer = ask("/mon-compte", method)
    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == "GET, HEAD"
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert json.loads(answer["body"])["type"].endswith("/problems/method-not-allowed")


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/"])
def test_trailing_slash_leads_to_the_page(ask: Ask, path: str) -> None:
    """An address with a slash too many is redirected for good."""
    answer = ask(f"{path}/")
    assert answer["statusCode"] == 308
    assert answer["headers"]["Location"] == path


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "//evil.example/",
        "/\\evil.example/",
        "https://evil.example/",
        "/mon-compte//",
        "/../mon-compte",
        "/assets/../app.py",
        "/app.py",
        "/%2e%2e/app.py",
        "/404",
        "/\x00",
        "/\ud800",
        "",
    ],
)
def test_strange_paths_are_not_found(ask: Ask, path: str) -> None:
    """No made-up path redirects elsewhere, reads a file or makes the handler fail."""
    answer = ask(path)
    assert answer["statusCode"] == 404
    assert "Location" not in answer["headers"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"path": None, "httpMethod": None},
        {"path": "/", "httpMethod": "GET"},
        {"path": "/", "httpMethod": "GET", "headers": None, "multiValueHeaders": None},
        {"path": "/", "httpMethod": "GET", "headers": {"accept-encoding": None}},
        {"path": "/", "httpMethod": "GET", "multiValueHeaders": {"Accept-Encoding": None}},
        {"path": "/api/x", "httpMethod": "POST", "requestContext": None, "body": None},
    ],
)
def test_poor_events_are_answered(app: ModuleType, event: dict[str, Any]) -> None:
    """Missing headers, bodies and contexts give no server error."""
    assert app.handler(event, None)["statusCode"] < 500


def test_answer_is_json(ask: Ask) -> None:
    """The gateway can use the handler's answer unchanged."""
    for path in (*PATHS, "/nowhere", "/api/nowhere"):
        assert json.loads(json.dumps(ask(path)))["statusCode"]


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_links_lead_somewhere(
    app: ModuleType, document: Callable[[str], Document], path: str
) -> None:
    """Every link leads to a page, a file, a part of a page or an operation that exists."""
    page = document(path)
    operations = json.loads(app.SITE["/api/openapi.json"].plain.body)["paths"]
    for link in page.values("href") + page.values("src") + page.values("action"):
        target, _, fragment = link.partition("#")
        if target.startswith(("https://", "tel:")) or target == "/api/sso/start":
            continue
        assert not target or target in app.SITE or "get" in operations.get(target, {}), link
        if fragment:
            there = page if not target else document(target)
            assert fragment in there.values("id"), link


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_nothing_is_inline(document: Callable[[str], Document], path: str) -> None:
    """Pages have no inline script, style or handler, and load nothing from elsewhere."""
    for tag, attributes in document(path).tags:
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/assets/")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        if tag in {"img", "link", "script"}:
            assert attributes.get("src", attributes.get("href", "")).startswith("/assets/")


def test_what_a_page_uses_of_style_is_loaded(
    app: ModuleType, ask: Ask, document: Callable[[str], Document]
) -> None:
    """A class that a style sheet knows is used only on pages that load one that knows it."""
    knows: dict[str, set[str]] = {
        path: set(re.findall(r"\.([a-z][\w-]*)", ask(path)["body"]))
        for path in app.SITE
        if path.endswith(".css")
    }
    for path in PATHS:
        used = {name for each in document(path).values("class") for name in each.split()}
        loaded = [knows[each] for each in document(path).values("href") if each in knows]
        styled = set[str]().union(*knows.values()) & used
        assert styled <= set[str]().union(*loaded), path


@pytest.mark.parametrize("path", PATHS)
def test_forms_never_put_data_in_an_address(document: Callable[[str], Document], path: str) -> None:
    """Without its script, a form posts to a page, its own or the list of it, never as a query."""
    for tag, attributes in document(path).tags:
        if tag == "form":
            assert attributes["method"] == "post"
            assert attributes["action"] == path.removesuffix("/{code}")


@pytest.mark.parametrize("path", PATHS)
def test_page_is_well_structured(document: Callable[[str], Document], path: str) -> None:
    """A page is in French, has one h1, unique ids, a label per input and no broken reference."""
    page = document(path)
    tags = [tag for tag, _ in page.tags]
    assert dict(page.tags)["html"]["lang"] == "fr"
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    references = [
        *page.values("for"),
        *" ".join(page.values("aria-describedby") + page.values("aria-labelledby")).split(),
        *page.values("data-reveal"),
        *" ".join(page.values("data-voids")).split(),
    ]
    assert set(references) <= set(ids)
    inputs = [each for tag, each in page.tags if tag == "input" and "hidden" not in each]
    assert {each["id"] for each in inputs} <= set(page.values("for"))


@pytest.mark.parametrize("path", PATHS)
def test_columns_are_named(ask: Ask, path: str) -> None:
    """Each column of a table has a name, for who hears the page."""
    assert not re.search(r"<th[^>]*>\s*</th>", ask(path)["body"])


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_page_says_that_it_is_a_demonstration(ask: Ask, path: str) -> None:
    """Every page says that it is a demonstration and not the official site."""
    assert "Démonstration, site non officiel" in ask(path)["body"]


def test_assets_are_kept_for_ever(app: ModuleType, ask: Ask) -> None:
    """Files named after their content are immutable and have the right type."""
    types = {
        ".css": "text/css",
        ".js": "text/javascript",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".webmanifest": "application/manifest+json",
    }
    assets = [path for path in app.SITE if path.startswith("/assets/")]
    assert len(assets) == len(list((WEB / "assets").iterdir())) + 1, "and the index of the search"
    for path in assets:
        assert re.fullmatch(r"/assets/[a-z-]+-[0-9a-f]{12}\.[a-z]+", path)
        headers = ask(path)["headers"]
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["Content-Type"].startswith(types[Path(path).suffix])


def test_modules_import_files_that_exist(app: ModuleType, ask: Ask) -> None:
    """Each import of a module names a file that is served, and the page announces it."""
    for path, resource in app.SITE.items():
        if path.endswith(".js"):
            for name in re.findall(r'(?:from |import\()"(.+?)"', resource.plain.body):
                assert f"/assets/{name.removeprefix('./').removeprefix('/assets/')}" in app.SITE
    for path in PATHS:
        page = parsed(ask(path)["body"])
        announced = {each["href"] for tag, each in page.tags if each.get("rel") == "modulepreload"}
        for entry in page.values("src"):
            if entry.endswith(".js"):
                imported = set(re.findall(r'from "(.+?)"', app.SITE[entry].plain.body))
                assert imported <= announced


def test_scripts_respect_trusted_types() -> None:
    """No module writes HTML, evaluates text or calls another origin."""
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|https?://"
    )
    for file in (WEB / "assets").glob("*.js"):
        assert not re.search(forbidden, file.read_text()), file.name


def test_modules_travel_without_comments(app: ModuleType) -> None:
    """Modules are served without comments and indentation, and otherwise unchanged."""
    for file in (WEB / "assets").glob("*.js"):
        served = next(
            resource.plain.body
            for path, resource in app.SITE.items()
            if re.fullmatch(rf"/assets/{file.stem}-[0-9a-f]{{12}}\.js", path)
        )
        source = [line.strip() for line in file.read_text().splitlines()]
        source = [re.sub(r"(?<=[;,(){}]) //.*", "", line) for line in source]
        kept = [line for line in source if line and not re.match(r"//|/?\*[*/ ]|\*/", line)]
        lines = [
            re.sub(r"/assets/([\w-]+?)-[0-9a-f]{12}\.", r"./\1.", each)
            for each in served.split("\n")
        ]
        assert [line for line in lines if line] == kept, file.name
        assert not re.search(r"`[^`\n]*$", re.sub(r"`[^`\n]*`", "", served), re.MULTILINE)


def test_manifest_makes_the_site_installable(
    app: ModuleType, document: Callable[[str], Document]
) -> None:
    """Each page names a manifest with existing pages and icons; no script caches pages."""
    manifests = {
        each["href"]
        for path in PATHS
        for tag, each in document(path).tags
        if tag == "link" and each["rel"] == "manifest"
    }
    assert len(manifests) == 1
    manifest = json.loads(app.SITE[manifests.pop()].plain.body)
    assert {manifest["start_url"], *(each["url"] for each in manifest["shortcuts"])} <= set(PATHS)
    assert {each["src"] for each in manifest["icons"]} <= set(app.SITE)
    assert {each["purpose"] for each in manifest["icons"]} == {"any", "maskable"}
    assert manifest["display"] == "standalone"
    assert "démonstration" in manifest["name"]
    for file in (WEB / "assets").glob("*.js"):
        assert "serviceWorker" not in file.read_text()


@pytest.fixture
def index(app: ModuleType, document: Callable[[str], Document]) -> list[dict[str, Any]]:
    """Return the search index, from where the page loads it."""
    (address,) = document("/une-question").values("data-index")
    return json.loads(app.SITE[address].plain.body)


def test_search_finds_what_the_site_says(index: list[dict[str, Any]]) -> None:
    """Every article and searchable page is in the index and exists."""
    paths = {entry["path"] for entry in index}
    assert paths <= set(PUBLIC_PATHS) | {"/gerer"}
    assert {path for path in PUBLIC_PATHS if path.count("/") > 1} <= paths
    assert {"/mon-compte", "/nous-contacter", "/mot-de-passe-oublie", "/s-informer"} <= paths
    for entry in index:
        assert entry["title"]
        for words in entry["words"]:
            assert re.fullmatch(r"[a-z0-9 ]*", words), "words must have no capitals and no accents"


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("acre", "/une-question/acre"),
        ("attestation", "/une-question/attestations"),
        ("declarer payer cotisation", "/une-question/declarer-et-payer"),
        ("mot passe oublie", "/mot-de-passe-oublie"),
        ("spam", "/une-question/courriel-non-recu"),
        ("arnaque", "/actualites/courriers-frauduleux"),
    ],
)
def test_search_answers_the_questions_of_the_guide(
    index: list[dict[str, Any]], words: str, path: str
) -> None:
    """The words that people type are among those of the page that answers them."""
    (entry,) = [each for each in index if each["path"] == path]
    known = " " + " ".join(entry["words"])
    assert all(f" {word}" in known for word in words.split())


@pytest.mark.parametrize(
    "file", sorted(CONTENT.glob("*/*.md")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_content_is_well_formed(app: ModuleType, content: ModuleType, file: Path) -> None:
    """Texts have a title and summary, news a date; addresses have no accent and no capital."""
    (article,) = [
        each
        for each in content.read_articles(
            file.parent, sys.modules[app.render_site.__module__].FACTS
        )
        if file.stem.endswith(each.slug)
    ]
    assert article.title
    assert article.summary.endswith((".", "?"))
    assert article.html.startswith("<")
    dated = file.parent.name == "news" or file.stem == "accessibilite"
    assert (article.published is not None) == dated
    assert re.fullmatch(r"[a-z0-9-]+", file.stem)
    assert "<h1" not in article.html, "the title is the page's only h1"
    assert "http://" not in file.read_text()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/une-question/declarer-et-payer", ["au plus tard le dernier jour", "midi", "31 octobre"]),
        ("/actualites/acre-juillet-2026", ["60 jours qui suivent le début de l’activité"]),
        ("/actualites/seuils-2026", ["non classés", "15\u00a0000\u00a0€", "Activité mixte"]),
        ("/s-informer", ["En outre-mer", "12,3\u00a0%"]),
    ],
)
def test_facts_are_shown_with_their_sources(
    document: Callable[[str], Document], path: str, words: list[str]
) -> None:
    """A page that cites facts shows them, and at its end their sources and days of reading."""
    page = document(path)
    text = " ".join("".join(page.texts).split(" "))
    for each in words:
        assert each in text
    assert "Sources\u00a0: " in text
    assert re.search(r"lu le 2\d\u00a0novembre\u00a02026", text)
    assert "{" not in text


def test_an_unknown_fact_is_refused(content: ModuleType, tmp_path: Path) -> None:
    """A text that cites a fact that does not exist is refused by file name."""
    (tmp_path / "a.md").write_text("---\ntitre: T\nrésumé: R.\n---\n{no-fact}\n")
    with pytest.raises(ValueError, match=r"a\.md: .*no-fact"):
        content.read_articles(tmp_path)


def test_news_are_shown_newest_first(document: Callable[[str], Document]) -> None:
    """The home page and the list show the news, newest first."""
    for path in ("/", "/actualites"):
        days = document(path).values("datetime")
        assert days
        assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Quoi ? Oui ; non : si !", "Quoi\u00a0? Oui\u00a0; non\u00a0: si\u00a0!"),
        ("« mot »", "«\u00a0mot\u00a0»"),
        ("l'eau", "l’eau"),
        ("83 600 € et 25 %", "83\u00a0600\u00a0€ et 25\u00a0%"),
        ("le 3 mai, 2 fois", "le 3 mai, 2 fois"),
    ],
)
def test_plain_typing_is_typeset(content: ModuleType, typed: str, shown: str) -> None:
    """Ordinary spaces and quotes of an author are shown in correct typography."""
    assert content.typeset(typed) == shown


def test_content_cannot_contain_html(content: ModuleType, tmp_path: Path) -> None:
    """HTML, scripts, images and addresses that run code are shown as text."""
    hostile = "<script>x</script>\n\n<b>y</b> ![z](https://e.example/z) [w](javascript:alert(1))\n"
    (tmp_path / "a.md").write_text(f"---\ntitre: T\nrésumé: R.\n---\n{hostile}")
    (article,) = content.read_articles(tmp_path)
    assert not re.search(r"<(script|b|img)|href=.javascript", article.html)


@pytest.mark.parametrize("head", ["titre: T", "résumé: R.", "titre: T\nrésumé: R.\nauteur: A"])
def test_wrong_properties_are_refused(content: ModuleType, tmp_path: Path, head: str) -> None:
    """A text without title or summary, or with an unknown property, is refused by file name."""
    (tmp_path / "a.md").write_text(f"---\n{head}\n---\nTexte\n")
    with pytest.raises(ValueError, match=r"a\.md"):
        content.read_articles(tmp_path)


@pytest.mark.parametrize(
    "path", ["/valider", "/nouveau-mot-de-passe", "/gerer/mon-compte/mot-de-passe"]
)
def test_password_criteria_are_the_servers(document: Callable[[str], Document], path: str) -> None:
    """The pages check a password by the rules of the server, in the same order."""
    shown = [each for _, each in document(path).tags if "data-code" in each]
    assert [each["data-code"] for each in shown] == [criterion.code for criterion in CRITERIA]
    for each, criterion in zip(shown, CRITERIA, strict=True):
        assert each.get("data-minimum") == (criterion.minimum and str(criterion.minimum))
        assert each.get("data-maximum") == (criterion.maximum and str(criterion.maximum))
        assert each.get("data-pattern", "") == criterion.pattern


@pytest.mark.parametrize("path", PATHS)
def test_page_weight(app: ModuleType, document: Callable[[str], Document], path: str) -> None:
    """A first screen has at most 15 KB as sent, 6 KB of scripts; with those loaded later, 9 KB."""
    page = document(path)
    files = {
        link for link in page.values("href") + page.values("src") if link.startswith("/assets/")
    }
    weights = {file: len(base64.b64decode(app.SITE[file].gzipped.body)) for file in {path, *files}}
    assert sum(weights.values()) <= FIRST_SCREEN_BUDGET
    scripts = {file: size for file, size in weights.items() if file.endswith(".js")}
    assert sum(scripts.values()) <= SCRIPTS_BUDGET
    todo = list(scripts)
    for module in todo:  # it grows
        for name in re.findall(
            r'(?:from |import\()"(?:\./|/assets/)(.+?)"', app.SITE[module].plain.body
        ):
            file = f"/assets/{name}"
            if file not in scripts and not name.startswith(SELDOM_LOADED):
                scripts[file] = len(base64.b64decode(app.SITE[file].gzipped.body))
                todo.append(file)
    assert sum(scripts.values()) <= ALL_SCRIPTS_BUDGET


# These need a no-break space before them, except a colon inside an hour or an address.
BREAKABLE = re.compile(
    r"(?<![\u00a0\u202f\s])[;?!»](?!\w)|(?<![\u00a0\u202f])(?<!\d):|[ \n][:;?!»]"
    r"|«(?![\u00a0\u202f])|['\"]|\.\.\.|(?<=\d) (?=[€%]|\d{3}\b)|\b[nN]° (?=\d|de\b)"
)


def french_mistakes(text: str) -> list[str]:
    """Return the passages of a text that break the rules of typography."""
    text = re.sub(r"https?://\S+|%H:%M", "", text)
    return [text[max(0, each.start() - 20) : each.end() + 20] for each in BREAKABLE.finditer(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Quoi?",
        "Quoi ?",
        "«Non\u00a0»",
        "«\u00a0Non »",
        "Un: deux",
        "Un : deux",
        "l'eau",
        "Oh!",
        'un "mot"',
        "etc...",
        "a; b",
        "5 €",
        "12 %",
        "203 100",
        "n° 2019",
    ],
)
def test_lint_finds_mistakes(text: str) -> None:
    """The typography check finds each kind of mistake."""
    assert french_mistakes(text)


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_typography_of_pages(document: Callable[[str], Document], path: str) -> None:
    """Pages follow French typography: no-break spaces, guillemets, curly apostrophes."""
    content = [text for text in document(path).texts if text.strip() and "width=device" not in text]
    assert [mistake for text in content for mistake in french_mistakes(text)] == []


@pytest.mark.parametrize("file", sorted((WEB / "assets").glob("*.js")), ids=lambda file: file.name)
def test_typography_of_scripts(file: Path) -> None:
    """Sentences that scripts show follow the same rules of typography."""
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', file.read_text())
    strings += re.findall(r"`((?:[^`\\]|\\.)*)`", file.read_text())
    sentences = [
        re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", "x", text).replace("\\u00a0", "\u00a0")
        for text in strings
        if "\\u00a0" in text or (" " in text.strip() and FRENCH.search(text))
    ]
    assert [mistake for text in sentences for mistake in french_mistakes(text)] == []


FRENCH = re.compile(r"[àâçéèêëîïôùûœ’«»\u00a0]|\b(?:vous|votre|le|la|les|du|un|une)\b")
SPEAKING = [
    *sorted((WEB.parents[1] / "layers" / "shared" / "portal").rglob("*.py")),
    *sorted(WEB.parent.glob("*/app.py")),
]


def french_sentences(source: str) -> Iterator[str]:
    """Return the texts for people in a Python module, without its docstrings."""
    tree = ast.parse(source)
    told = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        if isinstance(each, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "x" for part in each.values]
            told |= {id(part) for part in each.values}
            yield "".join(map(str, parts))
        elif isinstance(each, ast.Constant) and id(each) not in told:
            yield str(each.value)


@pytest.mark.parametrize(
    "file", SPEAKING, ids=lambda file: str(file.relative_to(WEB.parents[1]).with_suffix(""))
)
def test_typography_of_answers(file: Path) -> None:
    """Sentences of the API, which pages show, follow the same rules of typography."""
    sentences = [
        each
        for each in french_sentences(file.read_text())
        if " " in each.strip() and FRENCH.search(each)
    ]
    assert sentences or file.stem not in {"problems", "password", "activity"}
    assert [mistake for text in sentences for mistake in french_mistakes(text)] == []


MAIL_TEMPLATES = sorted((WEB.parents[1] / "layers" / "shared" / "portal").glob("*/templates/*.j2"))


@pytest.mark.parametrize("file", MAIL_TEMPLATES, ids=lambda file: file.stem)
def test_typography_of_mails(file: Path) -> None:
    """Every branch of a mail follows the rules, those that few people read too."""
    marks = re.compile(r"\{#.*?#\}|\{%.*?%\}|<style>.*?</style>|<[^>]*>", re.DOTALL)
    values = re.compile(r'\{\{ strong\("(.*?)"(?: ~ \w+)?\) \}\}|\{\{.*?\}\}', re.DOTALL)
    texts = values.sub(r"\1", marks.sub("", file.read_text()))
    assert [mistake for line in texts.splitlines() for mistake in french_mistakes(line)] == []


def test_typography_of_the_firewall() -> None:
    """What the firewall answers follows the rules of typography too."""
    template = (WEB.parents[1] / "template.yaml").read_text()
    details = re.findall(r'"detail":"(.*?)"', template)
    assert details
    assert [mistake for detail in details for mistake in french_mistakes(detail)] == []


def words_of(page: Document) -> str:
    """Return the visible words of a page, with simple spaces."""
    return " ".join("".join(page.texts).split())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (
            "/mentions-legales",
            [
                *("PUBLISHER_NAME", "PUBLISHER_ADDRESS", "PUBLISHER_EMAIL", "PUBLISHER_PHONE"),
                *("PUBLICATION_DIRECTOR", "HOSTING_NAME", "HOSTING_ADDRESS", "HOSTING_PHONE"),
                *("Directeur ou directrice de la publication", "n° 2004-575"),
            ],
        ),
        (
            "/donnees-personnelles",
            [
                *("PUBLISHER_NAME", "PUBLISHER_ADDRESS", "DPO_NAME", "DPO_EMAIL", "HOSTING_NAME"),
                *("Responsable du traitement", "Délégué à la protection des données"),
                *("Mission d’intérêt public", "Intérêt légitime", "Obligation légale"),
                *("Qui les reçoit", "Hors de l’Union européenne", "HOSTING_REGION"),
                *("Ce qui est obligatoire", "sans eux, le compte n’est pas créé", "12 mois"),
                *(
                    "Aucune décision automatique",
                    "Aucun traitement ne repose sur votre consentement",
                ),
                *("Accès et copie", "Rectification", "Effacement", "Limitation, opposition"),
                *("dans un délai d’un mois", "réclamation", "CNIL", "viennent de vous"),
            ],
        ),
        (
            "/accessibilite",
            [
                *("État de conformité", "non conforme", "RGAA", "n° 2005-102"),
                *("Résultats des tests", "Aucun audit de conformité n’a été fait"),
                *("Contenus non accessibles", "Non-conformités", "charge disproportionnée"),
                *("Établissement de cette déclaration", "a été établie le 27 novembre 2026"),
                *("Retour d’information et contact", "PUBLISHER_EMAIL", "PUBLISHER_PHONE"),
                *("Voies de recours", "Défenseur des droits", "lecteur d’écran"),
            ],
        ),
    ],
)
def test_legal_pages_are_complete(
    document: Callable[[str], Document], path: str, words: list[str]
) -> None:
    """A legal page has each part that the law asks for, with what the deployment says."""
    shown = words_of(document(path))
    for each in words:
        assert ENVIRONMENT.get(each, each) in shown


@pytest.mark.parametrize(
    "name",
    ["PUBLISHER_NAME", "PUBLISHER_EMAIL", "PUBLICATION_DIRECTOR", "HOSTING_PHONE", "DPO_NAME"],
)
@pytest.mark.parametrize("value", [None, "", " \u00a0"])
def test_a_site_without_publisher_does_not_start(
    app: ModuleType, name: str, value: str | None
) -> None:
    """The function refuses to start when the deployment leaves out who answers for the site."""
    pages = sys.modules[app.render_site.__module__]
    given = {**ENVIRONMENT, name: value or ""}
    if value is None:
        del given[name]
    with pytest.raises(ValueError, match=name):
        pages.read_site(given)


def test_what_the_deployment_says_is_no_markup(app: ModuleType) -> None:
    """A name with signs of Markdown is shown as it was given."""
    pages = sys.modules[app.render_site.__module__]
    said = pages.read_site({**ENVIRONMENT, "PUBLISHER_NAME": "A*B*_C_ [d](e) <b>"})
    assert said["editeur"].text == r"A\*B\*\_C\_ \[d\](e) \<b\>"


@pytest.mark.parametrize("path", ["/creer-mon-compte", "/nous-contacter", "/mot-de-passe-oublie"])
def test_forms_say_what_data_is_for(ask: Ask, path: str) -> None:
    """Under a form that takes personal data: what for, who answers, and where the rest is said."""
    body = ask(path)["body"]
    form = body[body.index("<form") : body.index("</form>")]
    assert "Responsable&nbsp;: Éditeur d’essai." in form
    assert '<a href="/donnees-personnelles">' in form


def test_openapi_document_is_served_when_present(app: ModuleType, ask: Ask) -> None:
    """The OpenAPI document is served as JSON with an ETag, from the file beside the handler."""
    if not (WEB / "openapi.json").exists():
        assert ask("/api/openapi.json")["statusCode"] == 404
        return
    answer = ask("/api/openapi.json")
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "application/json"
    assert json.loads(answer["body"])["openapi"].startswith("3.1")
    etag = answer["headers"]["ETag"]
    assert ask("/api/openapi.json", If_None_Match=etag)["statusCode"] == 304
    assert ask("/api/openapi.json", "POST")["statusCode"] == 405
    assert app.SITE["/api/openapi.json"].cache_control == "no-cache"


@pytest.mark.parametrize("path", [path for path in PRIVATE_PATHS if path.startswith("/gerer")])
def test_space_can_confirm_its_reader(document: Callable[[str], Document], path: str) -> None:
    """Each page announces the session's end; those of the account confirm who their reader is."""
    ids = set(document(path).values("id"))
    assert {"ending", "extend", "end"} <= ids
    # A declaration needs no fresh proof: its pages are lighter by that much.
    sensitive = path.startswith(
        ("/gerer/mon-compte", "/gerer/moyens-de-paiement", "/gerer/delais-de-paiement")
    )
    assert ({"confirm", "reauthentication"} <= ids) == sensitive


def test_space_shows_the_six_tiles(ask: Ask, document: Callable[[str], Document]) -> None:
    """The space has the guide's six entries; those that wait are closed at first."""
    body = ask("/gerer")["body"]
    for words in (
        "Mon échéance en cours", "Calendrier des échéances", "Mes échéances à régulariser",
        "Mes versements", "Mon solde", "Mes délais de paiement",
        "Mes informations personnelles", "Mes moyens de paiement", "Mes paramètres",
        "Mes déclarations", "Mes attestations", "Messages reçus", "Messages envoyés",
        "Suivi de ma demande de création d’auto-entreprise",
    ):  # fmt: skip
        assert words in body
    services = {
        each["data-service"]: each["class"]
        for _, each in document("/gerer").tags
        if "data-service" in each
    }
    assert services == dict.fromkeys(
        ("declare-and-pay", "payments", "documents", "messages"), "card tile closed"
    )


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_page_knows_whether_one_is_logged_in(
    document: Callable[[str], Document], path: str
) -> None:
    """Before anything is shown, each page knows what its header says: both are in the page."""
    page = document(path)
    first = next(each["src"] for tag, each in page.tags if tag == "script")
    assert first.startswith("/assets/early-")
    head = [each.get("href", tag) for tag, each in page.tags if "for-" in each.get("class", "")][:3]
    assert head == ["/mon-compte", "/gerer", "button"]


def test_what_names_the_person_is_carried(document: Callable[[str], Document]) -> None:
    """The identifier that was typed is that of the next form, except for a new address."""
    carried = {
        path: [each["id"] for _, each in document(path).tags if "data-carried" in each]
        for path in PATHS
    }
    assert {path: ids for path, ids in carried.items() if ids} == {
        "/mon-compte": ["identifier"],
        "/mot-de-passe-oublie": ["identifier"],
        "/creer-mon-compte": ["email"],
        "/nous-contacter": ["email"],
    }


def test_style_has_one_scale() -> None:
    """Corners have two radii, a pill and the circle; radii and spaces are variables."""
    for file in (WEB / "assets").glob("*.css"):
        radii = set(re.findall(r"border-radius: ([^;}]+)", file.read_text()))
        assert radii <= {"var(--round)", "var(--rounder)", "var(--pill)", "50%"}, file.name
    style = (WEB / "assets" / "style.css").read_text()
    assert "--round: 6px;" in style
    assert "--rounder: 12px;" in style
    assert len(re.findall(r"--s\d: ", style)) == 7
