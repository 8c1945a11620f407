// The frame of all pages: navigation, time range, live switch and status.

import { RANGES, chooseCustomRange, chooseRange, isLive, link, onRangeChange, readAddress, readRange, setLive } from "./range.js";

const CUSTOM = "custom";

const find = (id) => document.getElementById(id);

/** Shows what the page last did. `isWrong` marks an error. If the lab is away, the error is a banner, and the old content is pale. */
export function setStatus(text, isWrong = false, isAway = false) {
  const status = find("frame-status");
  document.body.classList.toggle("away", isAway);
  status.classList.toggle("wrong", isWrong);
  // Screen readers announce errors. They do not announce the time of each refresh.
  status.setAttribute("aria-live", isWrong ? "polite" : "off");
  if (status.textContent !== text) status.textContent = text;
}

/** Names what a page shows, for example a service, in the heading and in the title of the browser's tab. */
export function setPageTitle(name) {
  document.title = `${name} · Mythical Mysfits lab`;
  find("page-title").textContent = name;
}

/** Loads a style sheet below /pages once. The result can be awaited, so that a page is not drawn without its styles. */
export function loadStyle(path) {
  const href = `/pages/${path}`;
  if (document.querySelector(`link[href="${href}"]`)) return undefined;
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  const loaded = new Promise((resolve) => { sheet.onload = sheet.onerror = resolve; });
  document.head.append(sheet);
  return loaded;
}

/** Fills the frame. `path` is the path of the page's entry in the navigation. */
export function startFrame(path, { hasTimeRange }) {
  find("frame-range-form").hidden = !hasTimeRange;
  find("frame-range").append(
    ...RANGES.map(([seconds, text]) => new Option(`last ${text}`, seconds)), new Option("custom", CUSTOM));
  find("frame-range").addEventListener("change", () => {
    const { value } = find("frame-range");
    const { start, end } = readRange();
    if (value === CUSTOM) chooseCustomRange(start, end);
    else chooseRange(value);
  });
  for (const id of ["frame-from", "frame-to"]) find(id).addEventListener("change", readCustomRange);
  find("frame-live").addEventListener("change", () => setLive(find("frame-live").checked));
  const showAll = () => {
    for (const anchor of document.querySelectorAll("#frame-nav a[data-path]")) anchor.href = link(anchor.dataset.path);
    showRange();
  };
  document.querySelector(`#frame-nav a[data-path="${path}"]`)?.setAttribute("aria-current", "page");
  onRangeChange(showAll);
  addEventListener("popstate", readAddress);
  showAll();
}

/** The inputs have no milliseconds: the end that the reader does not edit stays as it is. */
function readCustomRange({ target }) {
  const edited = new Date(target.value).getTime();
  if (Number.isNaN(edited)) return;
  const range = readRange();
  const [start, end] = target.id === "frame-from" ? [edited, range.end] : [range.start, edited];
  if (start < end) chooseCustomRange(start, end, { isNewEntry: false });
  else setStatus("The start of the time range must be before its end.", true);
}

function showRange() {
  const { start, end, seconds, isCustom } = readRange();
  const select = find("frame-range");
  if (!isCustom && ![...select.options].some((option) => option.value === String(seconds))) select.add(new Option(`last ${seconds} s`, seconds), 0);
  select.value = isCustom ? CUSTOM : String(seconds);
  find("frame-custom").hidden = !isCustom;
  find("frame-from").value = toLocalInput(start);
  find("frame-to").value = toLocalInput(end);
  find("frame-live").checked = isLive();
}

/** A moment as the value of an input of type datetime-local, to the second. */
function toLocalInput(milliseconds) {
  const date = new Date(milliseconds);
  return new Date(milliseconds - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
