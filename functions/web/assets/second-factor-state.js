// The section « Double vérification » of « Sécurité ».

import { longDay } from "./dates.js";
import { me } from "./session.js";

const FEW = 3;

function words({ ok, message, data: { since, recovery_codes_left: left } }) {
  if (!ok) return ["", `La double vérification n’a pas pu être lue. ${message}`];
  if (!since) return ["Inactive", "Après votre mot de passe, un code de votre téléphone\u00a0: un mot de passe volé ne suffit plus."];
  const codes = `${left || "Aucun"} code${left > 1 ? "s" : ""} de secours`;
  return ["Active", `Depuis le ${longDay(since)}. ${codes}${left > FEW ? "" : "\u00a0: créez-en dix nouveaux."}`];
}

const [state, more] = words(await me("GET", "/totp"));
document.getElementById("second-factor-state").textContent = state;
document.getElementById("second-factor-more").textContent = more;
