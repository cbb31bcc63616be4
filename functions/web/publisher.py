"""What a deployment says of its site: who publishes and hosts it, who answers for personal data."""

import re
from collections.abc import Mapping

from content import Fact, Facts

VARIABLES = {
    "editeur": "PUBLISHER_NAME",
    "editeur-adresse": "PUBLISHER_ADDRESS",
    "editeur-courriel": "PUBLISHER_EMAIL",
    "editeur-telephone": "PUBLISHER_PHONE",
    "directeur": "PUBLICATION_DIRECTOR",
    "hebergeur": "HOSTING_NAME",
    "hebergeur-adresse": "HOSTING_ADDRESS",
    "hebergeur-telephone": "HOSTING_PHONE",
    "dpo": "DPO_NAME",
    "dpo-courriel": "DPO_EMAIL",
    "region": "HOSTING_REGION",
    "jours-journaux": "LOG_RETENTION",
}
"""By the name under which texts cite it: the environment variable, a parameter of the template."""

_MARKUP = re.compile(r"([\\`*_\[\]<>|#])")


def read_site(environment: Mapping[str, str]) -> Facts:
    """Return what the deployment says, for texts to cite; raises ``ValueError`` if any is missing.

    A site must name its publisher and host (law 2004-575) and who answers for personal data (GDPR
    art. 13): without them the function does not start.
    """
    missing = [name for name in VARIABLES.values() if not environment.get(name, "").strip()]
    if missing:
        raise ValueError(f"not set: {', '.join(missing)} (parameters of template.yaml)")
    return {
        name: Fact(_MARKUP.sub(r"\\\1", environment[variable].strip()))
        for name, variable in VARIABLES.items()
    }
