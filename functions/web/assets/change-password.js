import { wire } from "./form.js";
import { remember } from "./memory.js";
import { checkPassword, know } from "./password.js";
import { me } from "./session.js";

const username = document.getElementById("username");

wire(document.getElementById("password-form"), {
  check: checkPassword,
  send: (values) => me("PUT", "/password", values),
  done() {
    remember("done", "Votre mot de passe est modifié, et vos autres sessions sont fermées.");
    location.assign("/gerer/mon-compte/securite");
  },
});
me("GET").then(({ data }) => {
  username.value = data.email ?? "";
  know(data);
});
