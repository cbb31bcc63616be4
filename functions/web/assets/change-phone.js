import { wire } from "./form.js";
import { remember } from "./memory.js";
import { me } from "./session.js";

wire(document.getElementById("phone"), {
  send: (values) => me("PATCH", "", values),
  done() {
    remember("done", "Votre téléphone mobile est modifié.");
    location.assign("/gerer/mon-compte");
  },
});
