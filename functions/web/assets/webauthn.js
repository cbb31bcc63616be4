// Passkeys in this browser (WebAuthn): made and signed with. Options and answers are the API's JSON.

/** Whether this browser knows passkeys. */
export const known = "PublicKeyCredential" in window;

const raw = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (list) => list.map((each) => ({ ...each, id: raw(each.id) }));

/** Makes a passkey; resolves to the browser's answer, to a problem `{name}` when there is none. */
export function make({ challenge, user, excludeCredentials: others, ...options }) {
  const publicKey = {
    ...options,
    challenge: raw(challenge),
    user: { ...user, id: raw(user.id) },
    excludeCredentials: named(others),
  };
  return answered(navigator.credentials.create({ publicKey }), (response) => ({
    attestationObject: text(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  }));
}

/** Signs with a passkey; `more` may have `mediation` and `signal`. Resolves as `make` does. */
export function sign({ challenge, allowCredentials: own, ...options }, more) {
  const publicKey = { ...options, challenge: raw(challenge), allowCredentials: named(own) };
  return answered(navigator.credentials.get({ publicKey, ...more }), (response) => ({
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle && text(response.userHandle),
  }));
}

async function answered(asked, parts) {
  try {
    const { id, type, response } = await asked;
    const clientDataJSON = text(response.clientDataJSON);
    return { credential: { id, rawId: id, type, response: { clientDataJSON, ...parts(response) } } };
  } catch ({ name }) {
    return { name };
  }
}
