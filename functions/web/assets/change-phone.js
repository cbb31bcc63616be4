import { keep } from "./draft.js";
import { wire } from "./form.js";
import { remember } from "./memory.js";
import { me } from "./session.js";

const form = document.getElementById("phone");
keep(form);
wire(form, {
  send: (values) => me("PATCH", "", values),
  done() {
    remember("done", "Votre téléphone mobile est modifié.");
    location.assign("/gerer/mon-compte");
  },
});

// Who is not logged in is led to the login before filling anything in; the session is watched from now on.
me("GET");
