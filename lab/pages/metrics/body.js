// The body of a CloudWatch dashboard: its widgets, their metrics and positions.
// Source: AWS's "Dashboard Body Structure and Syntax".

export const GRID_COLUMNS = 24;
export const DEFAULT_SIZE = 6;

/** Parses a body. A body of another form has no widgets. */
export function parseBody(text) {
  const body = JSON.parse(text);
  return { ...body, widgets: Array.isArray(body?.widgets) ? body.widgets : [] };
}

/**
 * Returns the lines of a metric widget in full: `{metric: [namespace, name, dimension, value, …], options}`; an expression has no `metric`. In an entry,
 * "." repeats the item at the same place of the entry before, and "..." all its items up to those that follow.
 */
export function expandLines(properties) {
  let before = [];
  return (properties?.metrics ?? []).filter(Array.isArray).map((entry) => {
    const options = typeof entry.at(-1) === "object" ? entry.at(-1) : {};
    const words = entry.filter((item) => typeof item === "string");
    if (!words.length) return { options };
    const isShort = words[0] === "...";
    const given = isShort ? words.slice(1) : words;
    const repeated = isShort ? before.slice(0, Math.max(0, before.length - given.length)) : [];
    const metric = [...repeated];
    for (const word of given) metric.push(word === "." ? before[metric.length] ?? word : word);
    before = metric;
    return { metric, options };
  });
}

/** Writes lines as the `metrics` of a widget, without abbreviations. */
export const writeLines = (lines) => lines.map(({ metric = [], options }) => {
  const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== ""));
  return Object.keys(set).length ? [...metric, set] : [...metric];
});

/** The dimensions of a line as `[[name, value], …]`. */
export function dimensionsOf(metric) {
  const pairs = [];
  for (let index = 2; index + 1 < metric.length; index += 2) pairs.push([metric[index], metric[index + 1]]);
  return pairs;
}

export const sizeOf = (widget) => ({ width: Math.min(widget.width ?? DEFAULT_SIZE, GRID_COLUMNS), height: widget.height ?? DEFAULT_SIZE });

/** Where a new widget of this width goes: beside the last one if there is room, or below all. Widgets without a position follow each other. */
export function nextPosition(widgets, width) {
  const placed = widgets.filter(({ x, y }) => x !== undefined && y !== undefined);
  if (!widgets.length) return { x: 0, y: 0 };
  if (placed.length < widgets.length) return {};
  const last = placed.at(-1);
  const right = last.x + sizeOf(last).width;
  const isFree = !placed.some((other) => other !== last && other.x + sizeOf(other).width > right && other.y + sizeOf(other).height > last.y);
  if (right + width <= GRID_COLUMNS && isFree) return { x: right, y: last.y };
  return { x: 0, y: Math.max(...placed.map((other) => other.y + sizeOf(other).height)) };
}

/** Returns the body with `widget` at `index`, or behind the others. */
export function withWidget(body, index, widget) {
  const widgets = index === undefined ? [...body.widgets, widget] : body.widgets.with(index, widget);
  return { ...body, widgets };
}

export const withoutWidget = (body, index) => ({ ...body, widgets: body.widgets.toSpliced(index, 1) });

export const isDashboardName = (name) => /^[\w-]{1,255}$/.test(name);
