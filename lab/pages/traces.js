// The page of traces: a search, and the page of one trace below it.

import { startSearch } from "./traces/search.js";
import { startTrace } from "./traces/trace.js";

export const title = "Traces";

/** A trace has its own times. */
export const hasTimeRange = location.pathname === "/traces" || location.pathname === "/traces/";

export const start = (main, traceId) => traceId ? startTrace(main, traceId) : startSearch(main);
