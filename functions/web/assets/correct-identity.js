import { wire } from "./form.js";
import { remember } from "./memory.js";
import { wireNumbers } from "./numbers.js";
import { me } from "./session.js";

const form = document.getElementById("identity");
wireNumbers(form);

wire(form, {
  send: (values) => me("PATCH", "", Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim()))),
  done() {
    remember("done", "Vos informations sont enregistrées.");
    location.assign("/gerer/mon-compte");
  },
});

const { ok, data } = await me("GET");
if (ok) {
  const confirmed = data.affiliation.status === "confirmed";
  document.getElementById("confirmed").hidden = !confirmed;
  form.hidden = confirmed;
  for (const name of ["last_name", "first_name"]) form.elements[name].value ||= data[name];
}
