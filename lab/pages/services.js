// Services of ECS: the list, or one service, with what can be changed.

import { loadStyle } from "./frame.js";
import { html, render } from "./lit.js";
import { startDetail } from "./services/detail.js";
import { startList } from "./services/list.js";

export const title = "Services";
export const hasTimeRange = true;

export function start(main, name) {
  loadStyle("alarms/alarms.css");
  loadStyle("services/services.css");
  render(html`<p class="panel soft">Loading…</p>`, main);
  if (name) startDetail(main, name);
  else startList(main);
}
