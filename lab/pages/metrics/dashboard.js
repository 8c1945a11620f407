// The page of one dashboard.

import { AwsError, cloudwatch } from "../aws.js";
import { setPageTitle } from "../frame.js";
import { html, nothing, render, repeat } from "../lit.js";
import { poll } from "../poll.js";
import { link } from "../range.js";
import { parseBody } from "./body.js";
import { loadContext } from "./context.js";
import { loadWidgets } from "./data.js";
import { deleteDashboard, editBody, editWidget, removeWidget } from "./widget-form.js";
import { placeOf, widgetContent } from "./widgets.js";

/** Values come once a minute. */
const INTERVAL_MS = 10_000;

export function startDashboard(main, name) {
  setPageTitle(name);
  render(html`<p class="soft">The dashboard is loading.</p>`, main);
  const refresh = poll(async (range) => {
    const body = await readBody(name);
    if (!body) return () => render(missing(name), main);
    const [data, context] = await Promise.all([loadWidgets(body.widgets, range), loadContext()]);
    return () => render(template(name, body, data, range, context, () => refresh()), main);
  }, INTERVAL_MS);
}

async function readBody(name) {
  try {
    return parseBody((await cloudwatch("GetDashboard", { DashboardName: name })).DashboardBody);
  } catch (error) {
    if (error instanceof AwsError && /NotFound|InvalidParameter/.test(error.code)) return undefined;
    throw error;
  }
}

const missing = (name) => html`
  <div class="panel"><p>There is no dashboard ${name}.</p><p><a href=${link("/console/metrics")}>All dashboards</a></p></div>`;

function template(name, body, data, range, context, refresh) {
  const add = () => editWidget(name, body, { after: refresh });
  return html`
    <div class="row middle spread">
      <a href=${link("/console/metrics")}>← Dashboards and metrics</a>
      <div class="row">
        <button class="main" @click=${add}>Add widget</button>
        <button @click=${() => editBody(name, body, refresh)}>Edit as JSON</button>
        <button @click=${() => deleteDashboard(name, () => location.assign(link("/console/metrics")))}>Delete dashboard</button>
      </div>
    </div>
    ${body.widgets.length ? nothing : html`<div class="panel"><p>This dashboard has no widgets yet. A widget shows metrics as lines or as numbers.</p><button @click=${add}>Add widget</button></div>`}
    <div class="grid">${repeat(body.widgets, (widget, index) => `${index} ${widget.properties?.title}`, (widget, index) => {
      const title = widget.properties?.title ?? (widget.type === "metric" ? "Metrics" : "");
      return html`
        <section class="panel widget" .style=${placeOf(widget)} aria-label=${title || widget.type}>
          <div class="row middle spread widget-head">
            ${title ? html`<h2>${title}</h2>` : html`<span></span>`}
            <div class="row">
              <button class="small" aria-label=${`Edit ${title || "widget"}`} @click=${() => editWidget(name, body, { index, after: refresh })}>Edit</button>
              <button class="small" aria-label=${`Remove ${title || "widget"}`} @click=${() => removeWidget(name, body, index, refresh)}>Remove</button>
            </div>
          </div>
          ${widgetContent(widget, data[index], range, context)}
        </section>`;
    })}</div>`;
}
