// Starts the page.

import { labConsole, traces } from "./config.js";
import { insertTexts } from "./dom.js";
import { loadGrid } from "./grid.js";
import { showProfileFromAddress } from "./profile.js";

insertTexts();
document.querySelector("#all-traces").hidden = !traces.startsWith("/");
const consoleLink = document.querySelector("#to-console");
consoleLink.hidden = !labConsole;
consoleLink.href = labConsole;
addEventListener("hashchange", showProfileFromAddress);
addEventListener("popstate", showProfileFromAddress);
loadGrid();
showProfileFromAddress();
