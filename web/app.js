// Starts the page.

import { traces } from "./config.js";
import { insertTexts } from "./dom.js";
import { loadGrid } from "./grid.js";
import { showProfileOfAddress } from "./profile.js";

insertTexts();
document.querySelector("#all-traces").hidden = !traces.startsWith("/");
addEventListener("hashchange", showProfileOfAddress);
addEventListener("popstate", showProfileOfAddress);
loadGrid();
showProfileOfAddress();
