// The page of one dashboard.

import { openAsync, showNotice } from "../dialog.js";
import { setPageTitle } from "../frame.js";
import { html, nothing, render, repeat } from "../lit.js";
import { poll } from "../poll.js";
import { link } from "../range.js";
import { loadContext } from "./context.js";
import { loadWidgets, readBody } from "./data.js";
import { deleteDashboard, editBody, editWidget, isEditable, removeWidget } from "./widget-form.js";
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

/**
 * Opens a dialog with the present body: PutDashboard writes the whole body, so a change since the last refresh must not get lost. `shown` is the widget that
 * the dialog is about.
 */
const openFresh = (name, shown, index, refresh, open) => openAsync(async () => {
  const body = await readBody(name);
  const isSame = body && (!shown || JSON.stringify(body.widgets[index]) === JSON.stringify(shown));
  if (isSame) return open(body);
  showNotice("The dashboard has changed. The page shows it as it is now.");
  refresh();
});

const missing = (name) => html`
  <div class="panel"><p>There is no dashboard ${name}.</p><p><a href=${link("/console/metrics")}>All dashboards</a></p></div>`;

function template(name, body, data, range, context, refresh) {
  const open = (dialog, widget, index) => openFresh(name, widget, index, refresh, dialog);
  const add = () => open((fresh) => editWidget(name, fresh, { after: refresh }));
  return html`
    <div class="row middle spread">
      <a href=${link("/console/metrics")}>← Dashboards and metrics</a>
      <div class="row">
        <button class="main" @click=${add}>Add widget…</button>
        <button @click=${() => open((fresh) => editBody(name, fresh, refresh))}>Edit as JSON…</button>
        <button @click=${() => deleteDashboard(name, () => location.assign(link("/console/metrics")))}>Delete dashboard…</button>
      </div>
    </div>
    ${body.widgets.length ? nothing : html`<div class="panel"><p>This dashboard has no widgets yet. A widget shows metrics as lines or as numbers.</p><button @click=${add}>Add widget…</button></div>`}
    <div class="grid">${repeat(body.widgets, (widget, index) => `${index} ${widget.properties?.title}`, (widget, index) => {
      const title = widget.properties?.title ?? (widget.type === "metric" ? "Metrics" : "");
      return html`
        <section class="panel widget" .style=${placeOf(widget)} aria-label=${title || widget.type}>
          <div class="row middle spread widget-head">
            ${title ? html`<h2>${title}</h2>` : html`<span></span>`}
            <div class="row">
              ${isEditable(widget) ? html`<button class="small" aria-label=${`Edit ${title || "widget"}`} @click=${() => open((fresh) => editWidget(name, fresh, { index, after: refresh }), widget, index)}>Edit…</button>` : nothing}
              <button class="small" aria-label=${`Remove ${title || "widget"}`} @click=${() => open((fresh) => removeWidget(name, fresh, index, refresh), widget, index)}>Remove…</button>
            </div>
          </div>
          ${widgetContent(widget, data[index], range, context)}
        </section>`;
    })}</div>`;
}
