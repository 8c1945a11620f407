// The traces of the time range: filter, service map, histogram and list.

import { AwsError, xray } from "../aws.js";
import { loadStyle } from "../frame.js";
import { html, nothing, render } from "../lit.js";
import { poll } from "../poll.js";
import { onRangeChange, readRange, setParameters } from "../range.js";
import { DEFAULT_COLUMNS, DEFAULT_SORT, chooseColumns, sortTraces } from "./columns.js";
import { countByResponseTime, summarizeValues } from "./distribution.js";
import { formTemplate, listCommand, openGroupDialog } from "./form.js";
import { mergeClients } from "./graph.js";
import { createHistogram } from "./histogram.js";
import { ROWS_PER_PAGE, chooserTemplate, listTemplate, sortTemplate } from "./list.js";
import { loadTraces, toXrayRange } from "./load.js";
import { layOutMap, mapTemplate } from "./map.js";
import { loadNames } from "./names.js";
import { readPlace, returnToPlace, savePlaceOnLeave } from "./place.js";
import { SLOW_SECONDS, addGroup, limitResponseTime, toggleCondition } from "./query.js";

/** The chosen columns are kept for the next visit, too. */
const COLUMNS_KEY = "traces columns";

export function startSearch(main) {
  loadStyle("traces/traces.css");
  let place = readPlace();
  const address = readAddress();
  const state = {
    ...address,
    draft: address.filter,
    groups: address.group ? [{ GroupName: address.group }] : [],
    rows: place?.rows ?? ROWS_PER_PAGE,
    names: new Map(),
    status: "Searching…",
  };
  const isNarrow = matchMedia("(max-width: 40rem)");
  const show = () => render(template(), main);
  const histogram = createHistogram(show, (from, to) => searchFor(limitResponseTime(state.draft, from, to)));
  const combineFilter = () => addGroup(state.filter, state.group);

  function search() {
    state.filter = state.draft.trim();
    state.rows = ROWS_PER_PAGE;
    state.error = undefined;
    state.status = "Searching…";
    setParameters({ filter: state.filter, group: state.group }, { isNewEntry: true });
    show();
    return refresh();
  }

  /** After Back or Forward, the page has the search of the address. */
  function followAddress() {
    const address = readAddress();
    if (address.filter !== state.filter || address.group !== state.group) {
      Object.assign(state, { draft: address.filter, rows: ROWS_PER_PAGE, error: undefined, status: "Searching…" });
    }
    change(address);
  }

  function searchFor(filter) {
    state.draft = filter;
    return search();
  }

  function change(values) {
    Object.assign(state, values);
    if ("found" in values || "sort" in values) state.sorted = sortTraces(state.found?.traces ?? [], state.sort);
    show();
  }

  async function load(range) {
    const filter = combineFilter();
    try {
      const timeRange = toXrayRange(range);
      const [found, { Groups: groups }] = await Promise.all([loadTraces(timeRange, filter), xray("Groups", {})]);
      const map = await layOutMap(mergeClients(found.services), isNarrow.matches ? "TB" : "LR");
      return () => showFound({ found, groups, map, error: state.error?.isHint ? state.error : undefined, mapSeconds: range.seconds, status: describeFound(found, filter) });
    } catch (error) {
      // A refusal is shown below the filter: it is invalid, the group does not exist, or the time range is too long.
      if (!(error instanceof AwsError)) {
        if (!state.found) change({ status: "There is no answer yet." });
        throw error;
      }
      const status = state.found ? "Map and list still show the result before." : "";
      return () => change({ error: { filter, message: error.message }, status });
    }
  }

  function showFound(values) {
    const responseTimes = values.found.traces.map(({ ResponseTime }) => ResponseTime).filter((seconds) => seconds !== undefined);
    change({ ...values, buckets: countByResponseTime(responseTimes), summary: summarizeValues(responseTimes) });
    if (place) returnToPlace(place);
    place = undefined;
  }

  const on = {
    type: (draft) => change({ draft, error: state.error?.isHint ? undefined : state.error }),
    search,
    clear: () => {
      state.group = "";
      searchFor("");
      document.getElementById("filter").focus();
    },
    toggle: (condition) => searchFor(toggleCondition(state.draft, condition)),
    choose: (group) => {
      state.group = group;
      search();
    },
    save: () => {
      if (state.draft.trim()) return openGroupDialog(state.draft.trim(), (group) => {
        state.groups = [...state.groups, { GroupName: group }];
        state.group = group;
        searchFor("");
        document.getElementById("group").focus();
      });
      change({ error: { isHint: true, message: "Type a filter first. The group contains the traces that match the filter." } });
      document.getElementById("filter").focus();
    },
    sort: (sort) => {
      setParameters({ sort: sort === DEFAULT_SORT ? "" : sort });
      change({ sort });
    },
    more: () => {
      const firstNewRow = state.rows;
      change({ rows: state.rows + ROWS_PER_PAGE });
      document.getElementById("trace-list").rows[firstNewRow]?.querySelector("a").focus();
    },
    column: (id, isChosen) => {
      const columns = isChosen ? [...state.columns, id] : state.columns.filter((other) => other !== id);
      localStorage.setItem(COLUMNS_KEY, columns.join());
      setParameters({ columns: columns.join() });
      change({ columns });
    },
  };

  function template() {
    const columns = chooseColumns(state.columns);
    return html`
      ${formTemplate(state, on)}
      <div class="pictures" ?hidden=${!state.found}>
        <section class="panel" aria-labelledby="map-title">
          <div class="row spread middle">
            <h2 id="map-title">Service map</h2>
            <p class="soft legend"><span class="ok">ok</span> <span class="error">error 4xx</span> <span class="throttle">throttled 429</span>
              <span class="fault">fault 5xx</span> <span class="slow">◷ slower than ${SLOW_SECONDS} s</span></p>
          </div>
          <div id="map" class="scroll">${state.map ? mapTemplate(state.map, state.mapSeconds, searchFor) : nothing}</div>
        </section>
        <section class="panel" aria-labelledby="histogram-title">
          <h2 id="histogram-title">Response times</h2>
          ${state.found ? histogram(state.buckets, state.summary) : nothing}
        </section>
      </div>
      <section class="panel" aria-labelledby="list-title" ?hidden=${!state.found}>
        <div class="row spread middle"><h2 id="list-title">Traces</h2>${sortTemplate(columns, state.sort, on.sort)}${chooserTemplate(columns, on.column)}</div>
        ${state.found ? listTemplate({ ...state, traces: state.sorted, columns, search: location.search }, on) : nothing}
        ${state.found && !state.found.traces.length ? emptyTemplate() : nothing}
        <details><summary>The same with the AWS CLI</summary>${listCommand(readRange(), combineFilter())}</details>
      </section>`;
  }

  function emptyTemplate() {
    const { scannedCount } = state.found;
    if (!scannedCount) {
      return html`<p id="no-traces" class="soft">There is no trace in this time range. Click a heart on <a href="/">the site</a>, or choose a longer time range.</p>`;
    }
    return html`<p id="no-traces" class="soft">None of the ${scannedCount} traces in the time range matches the filter.
      <button type="button" class="small" @click=${on.clear}>Clear the filter</button></p>`;
  }

  onRangeChange(followAddress);
  savePlaceOnLeave(() => state.rows);
  loadNames().then((names) => change({ names }), () => {});
  show();
  const refresh = poll(load);
  isNarrow.addEventListener("change", refresh);
}

/** What the address says of the page. */
function readAddress() {
  const parameters = new URLSearchParams(location.search);
  return {
    filter: parameters.get("filter") ?? "",
    group: parameters.get("group") ?? "",
    columns: (parameters.get("columns") ?? localStorage.getItem(COLUMNS_KEY) ?? DEFAULT_COLUMNS.join()).split(","),
    sort: parameters.get("sort") ?? DEFAULT_SORT,
  };
}

function describeFound({ traces, scannedCount, isComplete }, filter) {
  const atLeast = isComplete ? "" : "at least ";
  return `${atLeast}${scannedCount} traces scanned, ${atLeast}${traces.length} ${filter ? "match" : "found"}.`;
}
