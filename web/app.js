// Puts the page together.

import { traces } from "./config.js";
import { label } from "./dom.js";
import { load } from "./grid.js";
import { follow } from "./profile.js";

label();
document.querySelector("#all-traces").hidden = !traces.startsWith("/");
addEventListener("hashchange", follow);
addEventListener("popstate", follow);
load();
follow();
