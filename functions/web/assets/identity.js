// Whether a password contains what others know of its person: the server's rule, as far as the page knows them.

const PERSONAL = "Votre mot de passe ne doit contenir ni votre nom, ni votre prénom, ni le début de votre adresse courriel, ni votre Siren ou votre Siret, ni votre numéro de Sécurité sociale.";
const INSIDE_WORDS = 5; // a shorter name counts as a whole word only
const PARTICLES = new Set("al ben bin da das de del den der des di do dos du el la las le les los van von".split(" "));

function fold(text) {
  return text.normalize("NFKD").toLowerCase().replaceAll("ß", "ss").replaceAll("œ", "oe").replaceAll("æ", "ae").normalize("NFKD").replace(/\p{Mn}/gu, "");
}

function bare(text) {
  return fold(text).replace(/[^\p{L}\p{N}]/gu, "");
}

/** Returns whether `password` contains a name, the start of the address or a number of a person. */
function containsIdentity(password, { first_name, last_name, email, siret, nir }) {
  const names = [first_name, last_name].filter(Boolean);
  const parts = names.flatMap((name) => name.split(/[\s.'’·-]+/)).filter((part) => !PARTICLES.has(bare(part)));
  const local = (email ?? "").split("@")[0];
  const numbers = [bare(siret ?? "").slice(0, 9), bare(nir ?? "").slice(0, 13)];
  const clues = [...names, ...parts, local, local.split("+")[0], ...numbers].map(bare);
  return clues.some((clue) => {
    if (clue.length >= INSIDE_WORDS) return bare(password).includes(clue);
    const [before, after] = [clue[0], clue.at(-1)].map((edge) => (/\p{L}/u.test(edge) ? "\\p{L}" : "\\d"));
    return clue.length > 1 && new RegExp(`(?<!${before})${clue}(?!${after})`, "u").test(fold(password));
  });
}

/** Returns why `password` is refused for `person`, or nothing. */
export function refusal(password, person) {
  return containsIdentity(password, person) ? PERSONAL : "";
}
