// What opens an account, in words: the ways that it has, and the methods by which a session was opened.

const WORDS = {
  password: "mot de passe",
  "second-factor": "code",
  totp: "code",
  "recovery-code": "code de secours",
  sso: document.documentElement.dataset.provider ?? "autre service",
  passkey: "clé d’accès",
};

/** Returns the words of `names`, « mot de passe et code »; empty when none is known. */
export const inWords = (names) =>
  new Intl.ListFormat("fr").format(names.map((name) => WORDS[name]).filter(Boolean));
