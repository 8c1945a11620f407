// The time range and the live switch. All pages share them, and keep them in the query of the address:
// `range` (seconds until now), or `from` and `to` (ISO 8601), and `live=off`.

/** The ranges to choose from, in seconds. */
export const RANGES = [
  [300, "5 minutes"], [900, "15 minutes"], [1800, "30 minutes"], [3600, "1 hour"], [10_800, "3 hours"], [21_600, "6 hours"],
];

const DEFAULT_SECONDS = 1800;
const PARAMETERS = ["range", "from", "to", "live"];
const listeners = new Set();

const readParameters = () => new URLSearchParams(location.search);

/** Returns `{start, end, seconds, isCustom}`. `start` and `end` are milliseconds since 1970. */
export function readRange(now = Date.now()) {
  const parameters = readParameters();
  const start = Date.parse(parameters.get("from"));
  const end = Date.parse(parameters.get("to"));
  if (start < end) return { start, end, seconds: (end - start) / 1000, isCustom: true };
  const seconds = Number(parameters.get("range")) || DEFAULT_SECONDS;
  return { start: now - seconds * 1000, end: now, seconds, isCustom: false };
}

/** A page with a custom range is not live: its end is in the past. */
export const isLive = () => readParameters().get("live") !== "off" && !readRange().isCustom;

export const onRangeChange = (listener) => listeners.add(listener);

export const chooseRange = (seconds) => change({ range: seconds, from: undefined, to: undefined }, { isNewEntry: true });

export const chooseCustomRange = (start, end, { isNewEntry = true } = {}) =>
  change({ range: undefined, from: new Date(start).toISOString(), to: new Date(end).toISOString() }, { isNewEntry });

/** Switches live on or off. A live page has a range until now. */
export const setLive = (isOn) => change(isOn ? { live: undefined, from: undefined, to: undefined } : { live: "off" });

function change(values, options) {
  setParameters(values, options);
  for (const listener of listeners) listener();
}

let knownSearch = globalThis.location?.search;

/** The listener of the event `popstate`: the browser went back or forward. Links to a part of the page cause the event, too, and change no parameters. */
export function readAddress() {
  if (location.search === knownSearch) return;
  knownSearch = location.search;
  for (const listener of listeners) listener();
}

/**
 * Changes parameters of the address; `undefined` and "" remove a parameter. With `isNewEntry`, "Back" in the browser undoes the change: for what a reader does
 * on purpose, such as a search. After it, the listeners of `onRangeChange` are called, and a page reads its own parameters again.
 */
export function setParameters(values, { isNewEntry = false } = {}) {
  const parameters = readParameters();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === "") parameters.delete(name);
    else parameters.set(name, value);
  }
  if (parameters.toString() === readParameters().toString()) return;
  history[isNewEntry ? "pushState" : "replaceState"](history.state, "", address(location.pathname, parameters));
  knownSearch = location.search;
}

/** Returns the address of a page of the console with the shared time range and these parameters. */
export function link(path, values = {}) {
  const current = readParameters();
  const shared = PARAMETERS.filter((name) => current.has(name)).map((name) => [name, current.get(name)]);
  const own = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return address(path, new URLSearchParams([...shared.filter(([name]) => !(name in values)), ...own]));
}

const address = (path, parameters) => parameters.size ? `${path}?${parameters}` : path;
