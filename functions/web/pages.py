"""Every file of the site, rendered, hashed and compressed once, then served from a dict."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from content import Article, fold, read_articles, read_facts, read_problems
from files import FILES, read_assets
from jinja2 import Environment, FunctionLoader, StrictUndefined
from msgspec import Struct
from publisher import read_site
from reference import OPENAPI, read_document, read_reference, with_code
from resources import Assets, Resource, resource

from portal.rules import rates
from portal.rules.password import CRITERIA

OPENAPI_PATH = "/api/openapi.json"

_REVALIDATE = "no-cache"
_NEVER_KEPT = "no-store"


PERIOD = "/gerer/echeances/{code}"
"""Where the page of every period is found: `canonical` returns it for the address of one."""
_PERIODS = re.compile(r"/gerer/echeances/\d{4}-(?:0[1-9]|1[0-2]|Q[1-4])")


class Page(Struct, frozen=True):
    """One address of the site.

    A ``private`` page shows personal data: it must not be cached. ``found_by`` are the words by
    which the search of the site finds it; an article is found by its own text.
    """

    path: str
    template: str
    title: str
    script: str = ""
    private: bool = False
    found_by: str = ""
    article: Article | None = None
    kind: str = "Page"


def _own(path: str, template: str, title: str) -> Page:
    """Return a page of the space, which the script of its template's name fills."""
    return Page(f"/gerer/{path}", template, title, f"{template}.js", private=True)


SITE = read_site(os.environ)
FACTS = {**read_facts(FILES / "content" / "faits.toml"), **SITE}
NEWS = read_articles(FILES / "content" / "news", FACTS)
HELP = read_articles(FILES / "content" / "help", FACTS)
PROBLEMS = read_problems(FILES / "content" / "problems.toml")
TEXTS = {article.slug: article for article in read_articles(FILES / "content" / "pages", FACTS)}

PAGES = (
    Page("/", "home", "Accueil", "search.js"),
    Page(
        "/mon-compte",
        "my-account",
        "Mon compte",
        "my-account.js",
        found_by="me connecter, connexion, identifiant, s’inscrire, Siret, Net-Entreprises",
    ),
    Page(
        "/creer-mon-compte",
        "sign-up",
        "Créer mon compte",
        "sign-up.js",
        found_by="inscription, s’inscrire, ouvrir un espace personnel, mandataire",
    ),
    Page(
        "/verifiez-vos-courriels",
        "check-mail",
        "Vérifiez maintenant vos courriels",
        "check-mail.js",
        private=True,
    ),
    Page(
        "/premiere-connexion",
        "newcomer",
        "Première connexion",
        "newcomer.js",
        private=True,
    ),
    Page("/valider", "validate", "Créer mon mot de passe", "validate.js", private=True),
    Page("/mot-de-passe-enregistre", "password-saved", "Mot de passe enregistré"),
    Page(
        "/mot-de-passe-oublie",
        "forgotten-password",
        "Mot de passe oublié",
        "forgotten-password.js",
        found_by="perdu, réinitialiser, changer, connexion impossible",
    ),
    Page(
        "/nouveau-mot-de-passe",
        "reset-password",
        "Choisir un nouveau mot de passe",
        "reset-password.js",
        private=True,
    ),
    Page(
        "/annuler-changement",
        "undo-email",
        "Annuler le changement d’adresse",
        "undo-email.js",
        private=True,
    ),
    Page(
        "/garder-double-verification",
        "keep-second-factor",
        "Garder la double vérification",
        "keep-second-factor.js",
        private=True,
    ),
    Page(
        "/gerer",
        "manage",
        "Gérer",
        "manage.js",
        private=True,
        found_by="mon espace, fil d’activité, notification d’affiliation, services",
    ),
    _own("echeances", "due-dates", "Échéances"),
    Page(PERIOD, "period", "Déclarer", "period.js", private=True),
    _own("mon-compte", "profile", "Mon compte"),
    _own("mon-compte/securite", "security", "Sécurité"),
    _own("mon-compte/identite", "correct-identity", "Corriger mes informations"),
    _own("mon-compte/telephone", "change-phone", "Changer mon téléphone mobile"),
    _own("mon-compte/courriel", "change-email", "Changer mon courriel"),
    _own("mon-compte/suppression", "delete-account", "Supprimer mon compte"),
    _own("mon-compte/mot-de-passe", "change-password", "Changer mon mot de passe"),
    _own("mon-compte/double-verification", "second-factor", "Double vérification"),
    _own("paiements", "payments", "Mes paiements"),
    _own("delais-de-paiement", "plans", "Mes délais de paiement"),
    _own("moyens-de-paiement", "payment-means", "Mes moyens de paiement"),
    _own("moyens-de-paiement/ajouter", "sign-mandate", "Ajouter un compte bancaire"),
    Page(
        "/nous-contacter",
        "contact",
        "Nous contacter",
        "contact.js",
        found_by="aide, assistance, conseiller, écrire, message, téléphone, 3698, impossibilité",
    ),
    Page(
        "/estimer",
        "estimate",
        "Estimer mes cotisations",
        "estimate.js",
        found_by="simulateur, simulation, calculer, combien, charges, taux, Acre, cotisations",
    ),
    Page("/une-question", "help", "Une question\u00a0?", "search.js"),
    Page("/actualites", "news", "Les dernières actualités", found_by="nouvelles, infos"),
    *(
        Page(f"/{slug}", "article", article.title, article=article)
        for slug, article in TEXTS.items()
    ),
    *(
        Page(f"/une-question/{each.slug}", "article", each.title, article=each, kind="Aide")
        for each in HELP
    ),
    *(
        Page(f"/actualites/{each.slug}", "article", each.title, article=each, kind="Actualité")
        for each in NEWS
    ),
    *(
        Page(f"/problems/{each.slug}", "problem", each.title, article=each, kind="Erreur")
        for each in PROBLEMS
    ),
)
DOCS = Page("/api/docs", "reference", "L’API du portail")
NOT_FOUND = Page("/404", "not-found", "Page introuvable")


def canonical(path: str) -> str:
    """Return the path in `render_site`'s resources of an address: one for every period."""
    return PERIOD if _PERIODS.fullmatch(path) else path


def render_site() -> tuple[dict[str, Resource], Resource]:
    """Return the resources by path, and the page for an unknown path."""
    sources = read_assets()
    assets = Assets(sources | {"search.json": search_index()})
    templates = Environment(
        loader=FunctionLoader(lambda name: (FILES / "templates" / name).read_text()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["with_code"] = with_code
    api = read_reference(read_document(), os.environ.get("PUBLIC_URL", ""))

    def render(page: Page) -> Resource:
        html = templates.get_template(f"{page.template}.html.j2").render(
            path=page.path,
            title=page.title,
            article=page.article,
            kind=page.kind,
            private=page.private,
            script=page.script,
            modules=assets.imported_by(page.script),
            asset=assets.url,
            criteria=CRITERIA,
            shares=shares(),
            rates_read=rates.book()["known"]["read"],
            news=NEWS,
            help=HELP,
            setting=os.environ,
            api=api,
        )
        keeping = _NEVER_KEPT if page.private else _REVALIDATE
        return resource(html, "text/html; charset=utf-8", keeping)

    site = {page.path: render(page) for page in (*PAGES, DOCS)} | assets.resources()
    if OPENAPI.exists():
        site[OPENAPI_PATH] = resource(OPENAPI.read_text(), "application/json", _REVALIDATE)
    return site, render(NOT_FOUND)


def shares() -> Mapping[str, Any]:
    """Return what contributions are for, in thousandths of a percent, for the page to divide them.

    By line for most; one for all lines of the Cipav's members. ``from`` is their first day.
    """
    row = rates.book()["shares"][-1]
    lines = ("sales", "commercial_services", "other_services", "furnished_tourism")
    return {
        "from": f"{row['from']:%Y-%m}",
        "by_line": {each: row[each] for each in lines if each in row},
        "all": dict.fromkeys(lines, row["regulated"]),
    }


def search_index() -> str:
    """Return the search index of the site, as JSON: each page's folded words and its title."""
    found = [
        {
            "path": page.path,
            "kind": page.kind,
            "title": page.title,
            "summary": page.article.summary if page.article else "",
            "words": [
                fold(page.title),
                fold(page.article.words if page.article else page.found_by),
                fold(f"{page.article.summary} {page.article.text}" if page.article else ""),
            ],
        }
        for page in PAGES
        if page.article or page.found_by
    ]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))
