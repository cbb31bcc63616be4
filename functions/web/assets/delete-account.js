import { longDay } from "./dates.js";
import { wire } from "./form.js";
import { me } from "./session.js";

wire(document.getElementById("delete"), {
  send: () => me("DELETE"),
  done({ data }) {
    import("./leaving.js").then(({ leave }) => leave("deletion", longDay(data.deletion_at)));
  },
});

// Who is not logged in is led to the login before filling anything in; the session is watched from now on.
me("GET");
