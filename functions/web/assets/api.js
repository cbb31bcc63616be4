// Calls the HTTP API. Every answer, or its absence, is returned as one plain object.

const TIMEOUT_MS = 30_000;

const OFFLINE = "Vous êtes hors ligne. Vérifiez votre connexion à internet, puis réessayez.";
const SILENT = "Le service ne répond pas. Vérifiez votre connexion à internet, puis réessayez.";
const REFUSED = "La demande n’a pas abouti. Réessayez, ou contactez-nous.";

/** Calls `/api/<path>`; returns `{ok, status, data}` or `{ok: false, status, slug, message, errors, data}`. */
export async function call(method, path, body, headers) {
  try {
    const response = await fetch(`/api/${path}`, {
      method,
      credentials: "same-origin",
      headers: {
        accept: "application/json, application/problem+json",
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const data = await content(response);
    return response.ok ? { ok: true, status: response.status, data } : failure(response, data);
  } catch {
    return { ok: false, status: 0, slug: "", message: navigator.onLine ? SILENT : OFFLINE, errors: [], data: {} };
  }
}

async function content(response) {
  const text = await response.text();
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // no content, or a gateway's own words
  }
}

function failure(response, data) {
  const { status } = response;
  let message = data.detail || REFUSED;
  const retry = `Réessayez ${wait(response.headers.get("retry-after"))}`;
  if (status === 429) message = message.replace(/Patientez[^,.]*|Réessayez/, retry);
  if (status >= 500) message = `Le service rencontre une difficulté. ${retry}.`;
  const slug = String(data.type ?? "").split("/").pop();
  return { ok: false, status, slug, message, errors: data.errors ?? [], data };
}

/** Returns a `Retry-After` header in words. */
function wait(header) {
  const seconds = Math.ceil(Number(header));
  if (!(seconds > 0)) return "dans quelques minutes";
  if (seconds < 60) return `dans ${seconds}\u00a0seconde${seconds > 1 ? "s" : ""}`;
  const minutes = Math.ceil(seconds / 60);
  return `dans ${minutes}\u00a0minute${minutes > 1 ? "s" : ""}`;
}
