// The logs page: groups and streams, search with a filter pattern, and new lines as they come.

import { AwsError, describeError } from "./aws.js";
import { copyBox } from "./command.js";
import { loadStyle, setStatus } from "./frame.js";
import { html, live, nothing, render } from "./lit.js";
import { detailsView, openContext } from "./logs/details.js";
import { Histogram } from "./logs/histogram.js";
import { isMetric, readLine, shortStream, taskId } from "./logs/lines.js";
import { LineList } from "./logs/list.js";
import { EXAMPLES, addCondition, isPatternError, readError } from "./logs/pattern.js";
import { PAGE_EVENTS, findService, listGroups, listRunningTasks, listStreams, readNewer, readNewest, readOlder, readOldest } from "./logs/query.js";
import { barView, commandOf, emptyView, errorView, sideView } from "./logs/views.js";
import { EMPTY, MAX_LINES, addNewer, addOlder } from "./logs/window.js";
import { poll } from "./poll.js";
import { chooseCustomRange, isLive, onRangeChange, readRange, setParameters } from "./range.js";

export const title = "Logs";
export const hasTimeRange = true;

const POLL_INTERVAL_MS = 1000;
const STREAMS_INTERVAL_MS = 10_000;

/** After a search, older lines are read until there are so many, for the histogram. */
const FILL_LINES = 10_000;

/** If more pages are new since the last look, the page starts again with the newest lines. */
const MAX_NEW_PAGES = 5;

const INVALID_PARAMETER = "InvalidParameterException";

const state = {
  group: "", stream: "", pattern: "", showMetrics: false, groups: undefined, streams: [], hasMoreStreams: false, streamsAt: -Infinity,
  window: EMPTY, hidden: 0, searched: undefined, patternError: undefined, unread: 0, isFollowing: true, isReading: false, selected: undefined, service: undefined,
  /** The ids of the tasks that run, once they are known, and the group and stream of the lines. */
  runningTasks: undefined, shown: "",
};

let main;
let refresh;
const list = new LineList({ onSelect: select, onLeaveEnd: pause, onReachEnd: reachEnd, onReachStart: fillOlder });
const histogram = new Histogram((start, end) => chooseCustomRange(start, end));

export async function start(element) {
  main = element;
  await loadStyle("logs/logs.css");
  Object.assign(state, readAddress());
  draw();
  onRangeChange(followAddress);
  refresh = poll(load, POLL_INTERVAL_MS);
}

function readAddress() {
  const parameters = new URLSearchParams(location.search);
  const [group, stream, pattern] = ["group", "stream", "pattern"].map((name) => parameters.get(name) ?? "");
  return { group, stream, pattern, showMetrics: parameters.get("metrics") === "on" };
}

/** After Back or Forward, the page has the query of the address. An address without a group means the first one. */
function followAddress() {
  const address = readAddress();
  address.group ||= state.groups?.[0]?.logGroupName ?? "";
  if (Object.entries(address).every(([name, value]) => state[name] === value)) return;
  if (address.group !== state.group) Object.assign(state, { streams: [], streamsAt: -Infinity });
  Object.assign(state, address, { selected: undefined });
  draw();
}

/** Where the lines are from. */
const place = () => `${state.group} ${state.stream}`;

const query = () => ({ group: state.group, stream: state.stream, pattern: state.pattern });

/** The range of a request: a range until now has no end, because lines are stored while the page asks. */
const requestRange = ({ start, end, isCustom }) => ({ start, end: isCustom ? end : undefined });

/** Makes a line of an event, and leaves out metrics. */
const read = (event) => !state.showMetrics && isMetric(event.message) ? undefined : readLine(event);

async function load(range) {
  await loadStreams().catch((error) => {
    draw();
    throw error;
  });
  if (!state.group) return draw;
  const searched = JSON.stringify([query(), state.showMetrics, range.isCustom ? [range.start, range.end] : range.seconds]);
  if (searched !== state.searched) return search(searched, range);
  return isLive() ? follow(range) : draw;
}

async function loadStreams() {
  if (performance.now() - state.streamsAt < STREAMS_INTERVAL_MS) return;
  state.groups = await listGroups();
  state.group ||= state.groups[0]?.logGroupName ?? "";
  if (!state.group) return;
  const group = state.group;
  const [{ streams, hasMore }, runningTasks] = await Promise.all([listStreams(group), listRunningTasks().catch(() => undefined)]);
  if (group === state.group) Object.assign(state, { streams, hasMoreStreams: hasMore, runningTasks, streamsAt: performance.now() });
}

/** Reads the newest lines of the range, or the oldest ones, in the place of all lines. */
async function search(searched, range, readFirst = readNewest) {
  state.isReading = true;
  draw();
  let found;
  try {
    found = await readFirst(query(), requestRange(range));
  } catch (error) {
    state.isReading = false;
    if (!(error instanceof AwsError && error.code === INVALID_PARAMETER && isPatternError(error.message))) throw error;
    // The lines of the search before stay, if they are from the same place.
    return () => showWindow(state.shown === place() ? state.window : EMPTY, { searched, patternError: readError(error.message) });
  }
  return () => {
    const isNewest = readFirst === readNewest;
    const { window, hidden } = isNewest ? addOlder(EMPTY, found.events, { hasMore: found.hasMore, read }) : addNewer(EMPTY, found.events, { hasMore: found.hasMore, read });
    showWindow(window, { searched, shown: place(), patternError: undefined, isReading: false, unread: 0, hidden, isFollowing: isNewest });
    if (isNewest) fillOlder();
  };
}

/** Reads what is new. A reader who has scrolled up keeps the place, and lines are not read beyond the maximum. */
async function follow(range) {
  const before = state.window;
  if (state.patternError || (before.hasNewer && !state.isFollowing)) return draw;
  let window = before;
  let [added, hidden, dropped, pages, hasMore] = [0, 0, 0, 0, true];
  for (; hasMore; pages += 1) {
    if (state.isFollowing && pages === MAX_NEW_PAGES) return search(state.searched, range);
    // A reader who does not follow keeps the place: nothing is dropped for new lines. They are read when the reader comes to the end of the list.
    if (!state.isFollowing && (pages === MAX_NEW_PAGES || window.lines.length >= MAX_LINES - PAGE_EVENTS)) {
      window = { ...window, hasNewer: true };
      break;
    }
    const found = await readNewer(query(), requestRange(range), window.newest);
    hasMore = found.hasMore;
    const result = addNewer(window, found.events, { hasMore, read });
    window = result.window;
    added += result.added;
    hidden += result.hidden;
    dropped += result.dropped;
  }
  return () => {
    if (!added && !hidden && window.hasNewer === before.hasNewer) return showWindow(state.window);
    // Older lines may have come meanwhile; then the next call reads the same lines again.
    if (state.window !== before) return undefined;
    showWindow(window, { unread: state.isFollowing ? 0 : state.unread + added, hidden: state.hidden + hidden }, -dropped);
  };
}

let isReadingOlder = false;

/** Reads older lines: after a search a number of them, and when the reader comes near the start. */
async function fillOlder() {
  if (isReadingOlder) return;
  isReadingOlder = true;
  const isNearStart = () => !state.isFollowing && list.element.scrollTop < list.element.clientHeight;
  try {
    while (state.searched && !state.patternError && state.window.hasOlder && (state.window.lines.length < FILL_LINES || isNearStart())) {
      const { searched } = state;
      const { oldest } = state.window;
      const found = await readOlder(query(), requestRange(readRange()), oldest);
      // New lines may have come meanwhile.
      if (state.searched !== searched || state.window.oldest !== oldest) continue;
      const { window, added, hidden } = addOlder(state.window, found.events, { hasMore: found.hasMore, read });
      showWindow(window, { hidden: state.hidden + hidden }, added);
    }
  } catch (error) {
    setStatus(describeError(error) ?? String(error), true);
  }
  isReadingOlder = false;
}

/** The reader came to the end of the list: there are newer lines to read, or the page follows again. */
async function reachEnd() {
  const before = state.window;
  if (state.patternError) return;
  if (!before.hasNewer || state.isFollowing) {
    if (!state.isFollowing && isLive() && !state.selected) showWindow(before, { isFollowing: true, unread: 0 });
    return;
  }
  try {
    const found = await readNewer(query(), requestRange(readRange()), before.newest);
    if (state.window !== before) return;
    const { window, hidden, dropped } = addNewer(before, found.events, { hasMore: found.hasMore, read });
    showWindow(window, { hidden: state.hidden + hidden }, -dropped);
  } catch (error) {
    setStatus(describeError(error) ?? String(error), true);
  }
}

function pause() {
  if (!state.isFollowing) return;
  state.isFollowing = false;
  draw();
}

function showWindow(window, changes = {}, shift = 0) {
  Object.assign(state, changes, { window });
  draw();
  list.show(window.lines, { shift, isFollowing: state.isFollowing, selected: state.selected });
  const loaded = { start: window.hasOlder ? window.oldest.time : -Infinity, end: window.hasNewer ? window.newest.time : Infinity };
  histogram.show(window.lines, readRange(), loaded);
}

/** Changes the query, and keeps it in the address: Back returns to the query before. */
function change(values) {
  Object.assign(state, values);
  if ("group" in values) Object.assign(state, { streams: [], streamsAt: -Infinity });
  state.selected = undefined;
  setParameters({ group: state.group, stream: state.stream, pattern: state.pattern, metrics: state.showMetrics ? "on" : undefined }, { isNewEntry: true });
  searchAgain();
}

function searchAgain() {
  state.searched = undefined;
  refresh();
}

async function showOldest() {
  const { searched } = state;
  try {
    const show = await search(searched, readRange(), readOldest);
    if (state.searched !== searched) return;
    show();
    list.scrollToStart();
  } catch (error) {
    setStatus(describeError(error) ?? String(error), true);
  }
}

async function select(line) {
  Object.assign(state, { selected: line, service: undefined, isFollowing: false });
  draw();
  list.show(state.window.lines, { isFollowing: false, selected: line });
  if (isWide.matches) list.focus(line);
  else main.querySelector(".log-details").focus();
  const task = taskId(line.stream);
  // An error says nothing about the task.
  const service = task && await findService(task).catch(() => undefined);
  if (state.selected !== line) return;
  state.service = service;
  draw();
}

function closeDetails() {
  const line = state.selected;
  state.selected = undefined;
  draw();
  list.show(state.window.lines, { isFollowing: false });
  list.focus(line);
}

const draw = () => render(page(), main);

function page() {
  if (state.groups?.length === 0) return html`<section class="panel"><h2>No log groups yet</h2><p>A container with the log driver <code>awslogs</code> creates one when it writes its first line.</p></section>`;
  return html`<div class="logs ${state.selected ? "with-details" : ""}">${sideView(state, isWide.matches, change)}
    <section class="panel log-search" aria-label="Search">${form()}</section>
    <section class="panel log-result ${state.patternError ? "is-old" : ""}" aria-label="Lines" ?hidden=${Boolean(state.patternError && !state.window.lines.length)}>
      ${state.patternError ? html`<p>These are still the lines of the search before.</p>` : nothing}${histogram.element}${emptyView(state, () => change({ pattern: "" }))}
      ${list.element}${barView(state, { showOldest, showNewest })}</section>
    ${state.selected ? html`<section class="panel log-details" aria-label="Details of the line" tabindex="-1" @keydown=${(event) => event.key === "Escape" && closeDetails()}>
      ${detailsView({ line: state.selected, service: state.service, onFilter: filter, onClose: closeDetails,
        onContext: () => openContext(state.group, state.selected, state.showMetrics) })}</section>` : nothing}</div>`;
}

/** Otherwise the details of a line are below the list. */
const isWide = matchMedia("(min-width: 64rem)");

function form() {
  const submit = (event) => {
    event.preventDefault();
    change({ pattern: main.querySelector("#log-pattern").value.trim() });
  };
  return html`<form class="row" @submit=${submit} autocomplete="off">
      <label class="wide"><span>Filter pattern in ${state.group}${state.stream ? `, ${shortStream(state.stream)}` : ""}</span>
        <input id="log-pattern" class="mono" type="search" spellcheck="false" placeholder="all lines" aria-describedby="log-pattern-error"
          aria-invalid=${state.patternError ? "true" : "false"} .value=${state.pattern}></label>
      <button class="main">Search</button>
      <label class="switch"><input type="checkbox" role="switch" .checked=${live(state.showMetrics)}
        @change=${(event) => change({ showMetrics: event.currentTarget.checked })}> show metric lines</label>
    </form>
    <div id="log-pattern-error" role="alert">${state.patternError ? errorView(state) : nothing}</div>
    <div class="log-help"><details><summary>Patterns</summary><table><tbody>${EXAMPLES.map(([pattern, meaning]) => html`
        <tr><td><button type="button" class="small mono" @click=${() => insert(pattern)}>${pattern}</button></td><td>${meaning}</td></tr>`)}</tbody></table></details>
      <details><summary>The same with the AWS CLI</summary>${copyBox(commandOf(state))}</details></div>`;
}

function insert(pattern) {
  const field = main.querySelector("#log-pattern");
  field.value = pattern;
  field.focus();
}

const filter = (path, value, isExcluded) => {
  const field = main.querySelector("#log-pattern");
  field.value = addCondition(field.value, path, value, isExcluded);
  change({ pattern: field.value });
};

function showNewest() {
  if (state.window.hasNewer) return searchAgain();
  showWindow(state.window, { isFollowing: true, unread: 0, selected: undefined });
}
