// Starts the page that the path names. A page is a module with `title`, `hasTimeRange` and `start(main, rest)`: `rest` is the part of the path after the
// page's own, for example the name of a service.

import { setPageTitle, startFrame } from "./frame.js";

const PAGES = [
  ["/console/services", () => import("./services.js")],
  ["/console/metrics", () => import("./metrics.js")],
  ["/console/logs", () => import("./logs.js")],
  ["/console/alarms", () => import("./alarms.js")],
  ["/console/guide", () => import("./guide.js")],
  ["/traces", () => import("./traces.js")],
  ["/console", () => import("./overview.js")],
];

const main = document.getElementById("main");
const [path, load] = PAGES.find(([path]) => location.pathname === path || location.pathname.startsWith(`${path}/`));
const page = await load();
document.title = `${page.title} · Mythical Mysfits lab`;
document.getElementById("page-title").textContent = page.title;
startFrame(path, page);
const rest = decode(location.pathname.slice(path.length + 1));
if (rest === undefined || (path === "/console" && rest)) {
  setPageTitle("There is no such page");
} else page.start(main, rest);

/** Returns undefined if the text is not encoded as in an address. */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
