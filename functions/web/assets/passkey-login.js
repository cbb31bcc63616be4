// Login with a passkey: by a button, or chosen among what the browser offers in the field of the identifier.

import { call } from "./api.js";
import { known, sign } from "./webauthn.js";

const GAVE_UP = "Aucune clé d’accès n’a été utilisée. Réessayez, ou saisissez votre mot de passe.";
const UNKNOWN = "Ce navigateur ne connaît pas les clés d’accès. Saisissez votre mot de passe.";
const RENEW_MS = 4 * 60_000; // a challenge is good for five minutes
let offering;

/**
 * Asks for a passkey and opens a session; `confirm` is of who is logged in. Resolves to an answer as
 * `call` gives one; its `holder` is the handle of the account.
 */
export async function signIn(confirm = false, more = {}) {
  if (!known) return { ok: false, message: UNKNOWN };
  const asked = await call("POST", "login/passkey/options", { confirm });
  if (!asked.ok) return asked;
  const { credential, name } = await sign(asked.data.public_key, more);
  if (!credential) return { ok: false, name, message: GAVE_UP };
  const answer = await call("POST", "login/passkey", { credential });
  return { ...answer, holder: credential.response.userHandle };
}

/** Has the browser offer passkeys where the identifier is typed; `done` gets the answer to the one chosen. */
export async function offer(done) {
  if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return;
  let answer;
  do {
    offering = new AbortController();
    const renew = setTimeout((ending) => ending.abort(), RENEW_MS, offering);
    answer = await signIn(false, { mediation: "conditional", signal: offering.signal });
    clearTimeout(renew);
  } while (answer.name === "AbortError");
  if (answer.ok || answer.slug === "invalid-credentials") done(answer);
}

/** Ends the offer: a browser asks for one passkey at a time. */
export const stop = () => offering?.abort({ name: "Stopped" });
