// Starts the page.

import { traces } from "./config.js";
import { insertTexts } from "./dom.js";
import { loadGrid } from "./grid.js";
import { showProfileFromAddress } from "./profile.js";

insertTexts();
document.querySelector("#all-traces").hidden = !traces.startsWith("/");
addEventListener("hashchange", showProfileFromAddress);
addEventListener("popstate", showProfileFromAddress);
loadGrid();
showProfileFromAddress();
