// Starts the page that the path names. A page is a module with `title`, `hasTimeRange` and `start(main, rest)`: `rest` is the part of the path after the
// page's own, for example the name of a service.

import { startFrame } from "./frame.js";

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
page.start(main, decodeURIComponent(location.pathname.slice(path.length + 1)));
