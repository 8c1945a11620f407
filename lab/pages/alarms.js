// The page for alarms and scaling.

import { loadStyle } from "./frame.js";
import { startDetail } from "./alarms/detail.js";
import { startList } from "./alarms/list.js";

export const title = "Alarms";
export const hasTimeRange = true;

export function start(main, rest) {
  loadStyle("metrics/metrics.css");
  loadStyle("alarms/alarms.css");
  if (rest) startDetail(main, rest);
  else startList(main);
}
