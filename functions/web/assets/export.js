// « Télécharger mes données ».

import { wire } from "./form.js";
import { me } from "./session.js";

wire(document.getElementById("export"), {
  send: () => me("GET", "/export"),
  done({ data }) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
    link.download = "mon-compte.json";
    link.click();
    URL.revokeObjectURL(link.href);
    return "Le fichier mon-compte.json est téléchargé.";
  },
});
