// The dialogs that change a dashboard. Each one writes the whole body with PutDashboard, as the AWS CLI does.

import { cloudwatch, describeError, ecs } from "../aws.js";
import { openDialog } from "../dialog.js";
import { html, live, nothing } from "../lit.js";
import { GRID_COLUMNS, expandLines, isDashboardName, nextPosition, parseBody, sizeOf, withWidget, withoutWidget, writeLines } from "./body.js";
import { readRange } from "../range.js";
import { loadLines } from "./data.js";
import { lineEditor, loadMetrics } from "./lines.js";
import { metricContent } from "./widgets.js";

/** While a dialog is open and there are no metrics yet, it asks for them again after this time. */
const METRICS_INTERVAL_MS = 3000;

const KINDS = [["timeSeries", "Line"], ["stacked", "Stacked area"], ["singleValue", "Number"], ["text", "Text"]];
const NEW_SIZES = { timeSeries: { width: 12, height: 6 }, stacked: { width: 12, height: 6 }, singleValue: { width: 8, height: 4 }, text: { width: 12, height: 3 } };

const put = (name, body) => cloudwatch("PutDashboard", { DashboardName: name, DashboardBody: JSON.stringify(body) });
const putCommand = (name, body) => ["aws", "cloudwatch", "put-dashboard", "--dashboard-name", name, "--dashboard-body", body];

/** A body of PutDashboard is also a text that AWS has accepted with remarks. */
const remarks = ({ DashboardValidationMessages: messages }) => messages?.length ? ` AWS remarks: ${messages.map(({ Message }) => Message).join(" ")}` : "";

async function saveDashboard(name, body, text) {
  return `${text}${remarks(await put(name, body))}`;
}

async function readRegion() {
  const { clusterArns } = await ecs("ListClusters");
  return clusterArns[0]?.split(":")[3] ?? "us-east-1";
}

const kindOf = ({ type, properties }) => type === "text" ? "text" : properties?.view === "singleValue" ? "singleValue" : properties?.stacked ? "stacked" : "timeSeries";

/** Whether the form knows a widget. Others are edited as JSON. */
export const isEditable = ({ type, properties }) => type === "text" || (type === "metric" && ["timeSeries", "singleValue", undefined].includes(properties?.view));

/** The widget that the form describes. Members that the form does not know stay as they are. */
export function writeWidget(widget, state) {
  const { kind, title, lines, stat, period, position, markdown } = state;
  if (kind === "text") return { ...widget, type: "text", ...position, properties: { ...widget?.properties, markdown } };
  const properties = { ...widget?.properties, title: title || undefined, view: kind === "singleValue" ? kind : "timeSeries", stacked: kind === "stacked" || undefined,
    region: widget?.properties?.region ?? state.region, stat, period, metrics: writeLines(lines) };
  return { ...widget, type: "metric", ...position, properties: JSON.parse(JSON.stringify(properties)) };
}

/** Opens the form of a new widget, or of the widget at `index`. `lines` are those of a new widget. */
export async function editWidget(name, body, { index, lines = [], stat = "Average", period = 60, after }) {
  const widget = body.widgets[index];
  const [metrics, region] = await Promise.all([loadMetrics(), readRegion()]);
  const properties = widget?.properties ?? {};
  const kind = widget ? kindOf(widget) : "timeSeries";
  const shown = widget ? expandLines(properties) : lines;
  const [namespace, metricName] = shown.findLast(({ metric }) => metric)?.metric ?? [];
  const state = {
    kind, metrics, region, title: properties.title ?? "", markdown: properties.markdown ?? "", lines: shown, choice: { namespace, name: metricName },
    stat: widget ? properties.stat ?? "Average" : stat, period: widget ? properties.period : period,
    position: widget ? { ...placeOf(widget), ...sizeOf(widget) } : positionFor(body, kind),
  };
  const written = () => withWidget(body, index, writeWidget(widget, state));
  const { dialog, change } = openDialog({
    title: widget ? `Edit the widget ${properties.title ?? ""}` : "Add widget",
    button: widget ? "Save widget" : "Add widget",
    form: (update) => {
      loadPreview(state, update);
      return form(state, widget, update, () => { if (!widget) state.position = positionFor(body, state.kind); });
    },
    problem: () => problemOf(state),
    commands: () => [putCommand(name, written())],
    run: () => saveDashboard(name, written(), `The dashboard ${name} is saved.`),
    after,
  });
  dialog.classList.add("wide-dialog");
  waitForMetrics(dialog, state, change);
}

/** Loads the values of the lines if they have changed since the last call. */
async function loadPreview(state, change) {
  const key = JSON.stringify([state.lines, state.stat, state.period]);
  if (key === state.previewKey) return;
  state.previewKey = key;
  const range = readRange();
  const data = await loadLines(state.lines, state, range).catch((error) => ({ error: describeError(error) ?? String(error) }));
  if (key !== state.previewKey) return;
  state.preview = { data, range };
  change();
}

/** The widget with the present form. Dragging chooses no time range here. */
function preview(state, widget) {
  if (!state.lines.length || !state.preview) return html`<p class="soft">Here is a preview when you add a metric.</p>`;
  const { data, range } = state.preview;
  return metricContent(data, writeWidget(widget, state).properties, range, { alarms: [], services: [], activities: [] }, { onSelect() {} });
}

const placeOf = ({ x, y }) => x === undefined || y === undefined ? {} : { x, y };

const positionFor = (body, kind) => ({ ...nextPosition(body.widgets, NEW_SIZES[kind].width), ...NEW_SIZES[kind] });

async function waitForMetrics(dialog, state, change) {
  while (dialog.open && !state.metrics.length) {
    await new Promise((resolve) => setTimeout(resolve, METRICS_INTERVAL_MS));
    state.metrics = await loadMetrics().catch(() => []);
    change();
  }
}

function problemOf({ kind, lines, markdown, position }) {
  if (kind === "text" && !markdown) return "Type a text.";
  if (kind !== "text" && !lines.length) return "Choose at least one metric.";
  if (!Object.values(position).every(Number.isInteger)) return "Positions and sizes are whole numbers.";
  if (!(position.width >= 1 && position.height >= 1 && (position.x ?? 0) + position.width <= GRID_COLUMNS)) return `A row has ${GRID_COLUMNS} columns.`;
  return undefined;
}

function form(state, widget, change, place) {
  const set = (member) => (event) => {
    state[member] = event.target.value;
    change();
  };
  const choose = (kind) => {
    state.kind = kind;
    place();
    change();
  };
  return html`
    <fieldset class="row middle kinds"><legend>Type</legend>
      ${KINDS.map(([kind, text]) => html`<label><input type="radio" name="kind" .checked=${live(state.kind === kind)} @change=${() => choose(kind)}> ${text}</label>`)}
    </fieldset>
    ${state.kind === "text"
      ? html`<label><span>Text (Markdown)</span><textarea name="markdown" rows="5" .value=${live(state.markdown)} @input=${set("markdown")}></textarea></label>`
      : html`<label><span>Title</span><input name="title" .value=${live(state.title)} @input=${set("title")}></label>
        <div class="explorer"><div class="editor">${lineEditor(state, change)}</div><div class="result">${preview(state, widget)}</div></div>`}
    <details class="place"><summary>Position and size</summary>
      <div class="row">${["x", "y", "width", "height"].map((member) => state.position[member] === undefined ? nothing : html`
        <label><span>${member}</span><input name=${member} type="number" min="0" max=${member === "x" || member === "width" ? GRID_COLUMNS : 1000}
          .value=${live(String(state.position[member]))} @input=${(event) => { state.position[member] = event.target.valueAsNumber; change(); }}></label>`)}</div>
      <p class="soft">In the grid of CloudWatch, which has ${GRID_COLUMNS} columns.</p>
    </details>`;
}

export function removeWidget(name, body, index, after) {
  const title = body.widgets[index].properties?.title;
  const written = withoutWidget(body, index);
  openDialog({
    title: title ? `Remove the widget ${title}?` : "Remove this widget?", button: "Remove widget", isDestructive: true,
    commands: () => [putCommand(name, written)], run: () => saveDashboard(name, written, "The widget is removed."), after,
  });
}

/** Opens the body as JSON. */
export function editBody(name, body, after) {
  let text = JSON.stringify(body, undefined, 2);
  const parsed = () => {
    try {
      return parseBody(text);
    } catch {
      return undefined;
    }
  };
  openDialog({
    title: `Edit ${name} as JSON`, button: "Save dashboard",
    form: (change) => html`<label><span>JSON</span><textarea class="mono body-text" name="body" spellcheck="false" .value=${live(text)} @input=${(event) => { text = event.target.value; change(); }}></textarea></label>`,
    problem: () => parsed() ? undefined : "This is not JSON.",
    commands: () => [putCommand(name, JSON.parse(text))],
    run: () => saveDashboard(name, JSON.parse(text), `The dashboard ${name} is saved.`), after,
  });
}

/** Opens the form of a new dashboard; `open(name)` is called when it exists. `widgets` are its first ones. */
export function createDashboard(names, open, widgets = []) {
  let name = "";
  openDialog({
    title: "Create a dashboard", button: "Create dashboard",
    form: (change) => html`<label><span>Name</span><input name="name" .value=${live(name)} @input=${(event) => { name = event.target.value; change(); }}></label>`,
    problem: () => !isDashboardName(name) ? "A name has letters, digits, - and _." : names.includes(name) ? "There is a dashboard with this name." : undefined,
    commands: () => [putCommand(name, { widgets })], run: () => put(name, { widgets }).then(() => undefined),
    done: "The dashboard exists.", after: () => open(name),
  });
}

export function deleteDashboard(name, after) {
  openDialog({
    title: `Delete the dashboard ${name}?`, button: "Delete dashboard", isDestructive: true, commands: () => [["aws", "cloudwatch", "delete-dashboards", "--dashboard-names", name]],
    run: () => cloudwatch("DeleteDashboards", { DashboardNames: [name] }).then(() => undefined), done: `The dashboard ${name} is deleted.`, after,
  });
}
