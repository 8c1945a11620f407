// The overview: what is unusual, the picture of the system, its last events.

import { loadStyle } from "./frame.js";
import { cached } from "./cached.js";
import { formatDuration, formatMinute, formatMoment, formatNumber } from "./format.js";
import { html, nothing, render, repeat } from "./lit.js";
import { poll } from "./poll.js";
import { link } from "./range.js";
import { drawConnectors } from "./overview/connectors.js";
import { loadNow, loadSlow } from "./overview/data.js";
import { joinEvents } from "./overview/events.js";
import { findEarlier } from "./overview/earlier.js";
import { flowEdges, flowTemplate } from "./overview/flow.js";
import { toState } from "./overview/state.js";
import { clientErrorKind, findUnusual } from "./overview/unusual.js";
import { chartPeriod } from "./services/metrics.js";

export const title = "Overview";
export const hasTimeRange = true;

const REFRESH_MS = 2000;
const SLOW_REFRESH_MS = 6000;

export function start(main) {
  loadStyle("services/services.css");
  loadStyle("overview/overview.css");
  render(html`<p class="panel soft">Loading…</p>`, main);
  const slow = cached(loadSlow, SLOW_REFRESH_MS);
  let draw = () => {};
  const observer = new ResizeObserver(() => draw());
  poll(async (range) => {
    const [now, rest] = await Promise.all([loadNow(), slow(range)]);
    const state = toState(now, rest, range);
    const items = findUnusual(state);
    const earlier = findEarlier(state, range, chartPeriod(range.seconds));
    return () => {
      render(template(state, items, earlier, joinEvents({ ...now, ...rest }, range), range), main);
      const picture = main.querySelector(".flow");
      observer.observe(picture);
      draw = () => drawConnectors(picture, flowEdges(state, items));
      draw();
    };
  }, REFRESH_MS);
}

const template = (state, items, earlier, events, range) => html`
  ${unusualTemplate(state, items, earlier)}
  <section class="panel" aria-labelledby="flow-title">
    <div class="row spread middle"><h2 id="flow-title">Requests</h2><p class="soft small">${minuteText(state, range)}</p></div>
    ${flowTemplate(state, items, range, chartPeriod(range.seconds))}
  </section>
  <div class="panels wide-panels">
    ${eventsTemplate(events, range)}
    ${callsTemplate(state)}
  </div>`;

const minuteText = ({ newestMinute }, range) => newestMinute
  ? `Figures of the minute ${formatMinute(newestMinute)}, which CloudWatch gets at its end. Small charts: ${rangeText(range)}.`
  : "No figures yet. CloudWatch gets the values of a minute at its end.";

const rangeText = ({ start, end }) => `${formatMinute(start)}–${formatMinute(end)}`;

const unusualTemplate = ({ window }, items, earlier) => html`
  <section class="panel unusual" aria-labelledby="unusual-title">
    <div class="row spread middle"><h2 id="unusual-title">What is unusual</h2><p class="soft small">Tasks, deployments and alarms now; requests ${window}.</p></div>
    ${items.length ? findingList(items) : html`
      <p><span class="badge ok">nothing</span> No failed or slow responses, unhealthy tasks, deployments or alarms.</p>`}
    ${earlier.length ? html`<h3>Earlier in this time range, and over</h3>${findingList(earlier, "earlier")}` : nothing}
  </section>`;

const findingList = (items, kind = "") => html`
  <ul class="unusual-list ${kind}">${repeat(items, ({ id }) => id, (item) => html`
    <li class=${item.kind ?? "note"}><span class="badge ${item.kind ?? "note"}">${item.word}</span> <span class="unusual-text">${item.text}</span>
      ${item.link ? html`<a href=${link(item.link.path, item.link.parameters)}>${item.link.text}</a>` : nothing}</li>`)}
  </ul>`;

/** Events that are shown before the reader asks for more. */
const EVENTS_COUNT = 10;

function eventsTemplate(events, range) {
  const list = (shown, label) => html`
    <ol class="timeline" aria-label=${label}>${repeat(shown, ({ id }) => id, ({ time, kind, source, path, text, count }) => html`
      <li class=${kind}><time class="soft small" datetime=${new Date(time).toISOString()}>${formatMoment(time)}</time>
        <div><p><a class="small" href=${link(path)}>${source}</a> ${text}${count > 1 ? html` <span class="soft">(${count} times)</span>` : nothing}</p></div></li>`)}
    </ol>`;
  const older = events.slice(EVENTS_COUNT);
  return html`
    <section class="panel" aria-labelledby="events-title">
      <div class="row spread middle"><h2 id="events-title">Events</h2><p class="soft small">${rangeText(range)}</p></div>
      ${events.length ? list(events.slice(0, EVENTS_COUNT), "Events, newest first") : html`<p class="soft">No event of a service, of scaling, or of an alarm in this time range. Choose a longer one above.</p>`}
      ${older.length ? html`<details><summary>Show ${older.length} more</summary>${list(older, "Older events")}</details>` : nothing}
    </section>`;
}

const callsTemplate = ({ calls, window }) => html`
  <section class="panel" aria-labelledby="calls-title">
    <div class="row spread middle"><h2 id="calls-title">Calls in traces</h2><a class="small" href=${link("/traces")}>Map and traces</a></div>
    ${calls.length ? html`
      <p class="soft small">X-Ray, ${window}. X-Ray sees a call within seconds, but not each request is traced.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Table of the calls"><table class="cards">
        <thead><tr><th scope="col">Call</th><th scope="col" class="number">Count</th><th scope="col" class="number">Mean</th><th scope="col" class="number">p95</th><th scope="col" class="number">4xx</th><th scope="col" class="number">5xx</th></tr></thead>
        <tbody>${repeat(calls, ({ from, to }) => `${from} ${to}`, ({ from, to, count, mean, p95, errors, faults }) => html`
          <tr><td>${from} → ${to}</td><td class="number" data-label="Count">${formatNumber(count)}</td><td class="number" data-label="Mean">${formatDuration(mean)}</td>
            <td class="number" data-label="p95">${p95 === undefined ? "–" : formatDuration(p95)}</td>
            <td class="number ${errors ? clientErrorKind(errors, count) : ""}" data-label="4xx">${formatNumber(errors)}</td><td class="number ${faults ? "fault" : ""}" data-label="5xx">${formatNumber(faults)}</td></tr>`)}</tbody>
      </table></div>` : html`<p class="soft">No traced calls ${window}. <a href="/">Open the site</a> and click a heart.</p>`}
  </section>`;
