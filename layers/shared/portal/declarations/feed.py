"""The notices of the declarations."""

from portal.core.feed import Kind

TURNOVER_DECLARED = Kind(
    "turnover-declared",
    "Chiffre d’affaires déclaré",
    "Vous avez déclaré {turnover}\u00a0€ pour la période «\u00a0{period}\u00a0». Montant dû, "
    "estimé\u00a0: "
    "{total}\u00a0€.",
    mail="Votre déclaration est enregistrée",
)
DECLARATION_CORRECTED = Kind(
    "declaration-corrected",
    "Déclaration modifiée",
    "Vous avez modifié votre déclaration de la période «\u00a0{period}\u00a0»\u00a0: "
    "{turnover}\u00a0€. "
    "Montant dû, estimé\u00a0: {total}\u00a0€. La version précédente est conservée.",
    mail="Votre déclaration est modifiée",
)
PERIOD_OPENED = Kind(
    "period-opened",
    "Déclaration ouverte",
    "Vous pouvez déclarer {periods}, au plus tard le {due}, avant midi.",
    mail="Votre déclaration est ouverte",
)
PERIOD_REMINDER = Kind(
    "period-reminder",
    "Déclaration à faire",
    "Il reste à déclarer {periods}, au plus tard le {due}, avant midi. Sans chiffre d’affaires, "
    "déclarez 0\u00a0€.",
    mail="Votre déclaration est à faire",
)
PERIOD_OVERDUE = Kind(
    "period-overdue",
    "Échéance dépassée",
    "L’échéance du {due} est passée sans déclaration pour {periods}. Déclarez dès "
    "maintenant\u00a0: "
    "c’est possible en ligne pendant un an.",
    mail="Une échéance est dépassée",
)
ACRE_ENDS = Kind(
    "acre-ends",
    "Fin de l’Acre",
    "Vos taux réduits au titre de l’Acre s’appliquent jusqu’au {due}. Les périodes qui commencent "
    "ensuite sont déclarées au taux plein.",
    mail="Votre Acre prend bientôt fin",
)
FLAT_TAX_LIMIT = Kind(
    "flat-tax-limit",
    "Versement libératoire de l’an prochain",
    "Vous payez l’impôt sur le revenu avec vos cotisations. L’an prochain, ce n’est possible que "
    "si votre revenu fiscal de référence de l’an dernier, par part, ne dépasse pas la limite. S’il "
    "la dépasse, renoncez à cette option au plus tard le {due}.",
    mail="Versement libératoire\u00a0: vérifiez votre revenu",
)
NO_TURNOVER = Kind(
    "no-turnover",
    "Vingt mois sans chiffre d’affaires",
    "Vous n’avez déclaré aucun chiffre d’affaires depuis vingt mois. Après vingt-quatre mois, le "
    "{due}, votre régime peut prendre fin\u00a0; l’Urssaf prévient d’abord. Si vous encaissez, "
    "déclarez-le\u00a0; si vous avez cessé, dites-le au guichet unique.",
    mail="Vingt mois sans chiffre d’affaires",
)

_ESTIMATED = " Ce calcul est une estimation, sur ce que vous avez déclaré ici."
CEILING_NEAR = Kind(
    "ceiling-near",
    "Plafond bientôt atteint",
    "En {year}, vous avez déclaré {turnover}\u00a0€, soit plus de 80\u00a0% du plafond de "
    "{ceiling}\u00a0€ "
    "({what})." + _ESTIMATED,
    mail="Vous approchez d’un plafond",
)
CEILING_OVER = Kind(
    "ceiling-over",
    "Plafond dépassé",
    "En {year}, vous avez déclaré {turnover}\u00a0€\u00a0: le plafond de {ceiling}\u00a0€ "
    "({what}) est "
    "dépassé. Une première année de dépassement ne change rien à votre régime\u00a0; une deuxième "
    "de "
    "suite y met fin." + _ESTIMATED,
    mail="Un plafond est dépassé",
)
CEILING_TWICE = Kind(
    "ceiling-twice",
    "Plafond dépassé deux ans de suite",
    "En {year}, comme l’année d’avant, vous avez dépassé le plafond ({what}\u00a0: "
    "{ceiling}\u00a0€). Votre "
    "régime prend fin le 1er janvier {next_year}." + _ESTIMATED,
    mail="Un plafond est dépassé deux ans de suite",
)
VAT_OVER = Kind(
    "vat-over",
    "Seuil de TVA dépassé",
    "En {year}, vous avez déclaré {turnover}\u00a0€\u00a0: le seuil de la franchise de TVA "
    "({what}\u00a0: "
    "{ceiling}\u00a0€) est dépassé. Vous facturerez la TVA à partir du 1er janvier {next_year}."
    + _ESTIMATED,
    mail="Un seuil de TVA est dépassé",
)
VAT_RAISED = Kind(
    "vat-raised",
    "TVA due dès maintenant",
    "En {year}, vous avez déclaré {turnover}\u00a0€\u00a0: le seuil majoré de TVA ({what}\u00a0: "
    "{ceiling}\u00a0€) "
    "est dépassé. Facturez la TVA à partir du jour du dépassement. Vous continuez à déclarer ici "
    "des "
    "montants hors taxes." + _ESTIMATED,
    mail="La TVA est due dès maintenant",
)
ACRE_USED = Kind(
    "acre-used",
    "Plafond de l’Acre dépassé",
    "En {year}, vous avez déclaré {turnover}\u00a0€\u00a0: c’est plus que ce que l’Acre couvre. "
    "Le taux plein "
    "s’applique à partir de votre prochaine période." + _ESTIMATED,
    mail="L’Acre ne couvre plus votre chiffre d’affaires",
)

KINDS = (
    TURNOVER_DECLARED,
    DECLARATION_CORRECTED,
    PERIOD_OPENED,
    PERIOD_REMINDER,
    PERIOD_OVERDUE,
    ACRE_ENDS,
    FLAT_TAX_LIMIT,
    NO_TURNOVER,
    CEILING_NEAR,
    CEILING_OVER,
    CEILING_TWICE,
    VAT_OVER,
    VAT_RAISED,
    ACRE_USED,
)


def euros(amount: int) -> str:
    """Return an amount as French writes it, in groups of three digits."""
    return f"{amount:,}".replace(",", "\u202f")
