import { longDay } from "./dates.js";
import { wire } from "./form.js";
import { me } from "./session.js";

wire(document.getElementById("delete"), {
  send: () => me("DELETE"),
  done({ data }) {
    import("./leaving.js").then(({ leave }) => leave("deletion", longDay(data.deletion_at)));
  },
});
