// The overview: what is unusual, the picture of the system, its last events.

import { loadStyle } from "./frame.js";
import { cached } from "./cached.js";
import { formatDuration, formatMoment, formatNumber, formatTime } from "./format.js";
import { html, nothing, render, repeat } from "./lit.js";
import { poll } from "./poll.js";
import { link } from "./range.js";
import { drawConnectors } from "./overview/connectors.js";
import { loadNow, loadSlow } from "./overview/data.js";
import { joinEvents } from "./overview/events.js";
import { flowEdges, flowTemplate } from "./overview/flow.js";
import { toState } from "./overview/state.js";
import { WINDOW_MINUTES, findUnusual } from "./overview/unusual.js";
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
    const state = toState(now, rest, range.end);
    const items = findUnusual(state);
    return () => {
      render(template(state, items, joinEvents({ ...now, ...rest }, range), range), main);
      const picture = main.querySelector(".flow");
      observer.observe(picture);
      draw = () => drawConnectors(picture, flowEdges(state, items));
      draw();
    };
  }, REFRESH_MS);
}

const template = (state, items, events, range) => html`
  ${unusualTemplate(items)}
  <section class="panel" aria-labelledby="flow-title">
    <div class="row spread middle"><h2 id="flow-title">Requests</h2><p class="soft small">${minuteText(state)}</p></div>
    ${flowTemplate(state, items, range, chartPeriod(range.seconds))}
  </section>
  <div class="panels wide-panels">
    ${eventsTemplate(events)}
    ${callsTemplate(state)}
  </div>`;

const minuteText = ({ newestMinute }) => newestMinute
  ? `Figures of the minute from ${formatTime(newestMinute)}. CloudWatch gets the values of a minute at its end.`
  : "No figures yet. CloudWatch gets the values of a minute at its end.";

const KIND_WORDS = { fault: "failing", error: "look here", note: "note" };

const unusualTemplate = (items) => html`
  <section class="panel unusual" aria-labelledby="unusual-title">
    <h2 id="unusual-title">What is unusual</h2>
    ${items.length ? html`
      <ul class="unusual-list">${repeat(items, ({ id }) => id, ({ kind, text, link: target }) => html`
        <li class=${kind}><span class="badge ${kind}">${KIND_WORDS[kind]}</span> <span class="unusual-text">${text}</span>
          ${target ? html`<a href=${link(target.path, target.parameters)}>${target.text}</a>` : nothing}</li>`)}
      </ul>` : html`
      <p><span class="badge ok">nothing</span> No failed or slow responses, unhealthy tasks, deployments or alarms in the last ${WINDOW_MINUTES} minutes.</p>`}
  </section>`;

const eventsTemplate = (events) => html`
  <section class="panel" aria-labelledby="events-title">
    <h2 id="events-title">Events</h2>
    ${events.length ? html`
      <ol class="timeline" tabindex="0" aria-label="Events, newest first">${repeat(events, ({ id }) => id, ({ time, kind, source, path, text, count }) => html`
        <li class=${kind}><time class="soft small" datetime=${new Date(time).toISOString()}>${formatMoment(time)}</time>
          <div><a class="small" href=${link(path)}>${source}</a><p>${text}${count > 1 ? html` <span class="soft">(${count} times)</span>` : nothing}</p></div></li>`)}
      </ol>` : html`<p class="soft">No event of a service, of scaling, or of an alarm in this time range. Choose a longer one above.</p>`}
  </section>`;

const callsTemplate = ({ calls }) => html`
  <section class="panel" aria-labelledby="calls-title">
    <div class="row spread middle"><h2 id="calls-title">Calls in traces</h2><a class="small" href=${link("/traces")}>Map and traces</a></div>
    ${calls.length ? html`
      <div class="scroll" tabindex="0" role="region" aria-label="Table of the calls"><table>
        <caption class="small">X-Ray, last ${WINDOW_MINUTES} minutes. X-Ray sees a call within seconds, but not each request is traced.</caption>
        <thead><tr><th scope="col">Call</th><th scope="col" class="number">Count</th><th scope="col" class="number">Mean</th><th scope="col" class="number">p95</th><th scope="col" class="number">Failed</th></tr></thead>
        <tbody>${repeat(calls, ({ from, to }) => `${from} ${to}`, ({ from, to, count, mean, p95, errors, faults }) => html`
          <tr><td>${from} → ${to}</td><td class="number">${formatNumber(count)}</td><td class="number">${formatDuration(mean)}</td>
            <td class="number">${p95 === undefined ? "–" : formatDuration(p95)}</td><td class="number ${faults ? "fault" : errors ? "error" : ""}">${formatNumber(errors + faults)}</td></tr>`)}</tbody>
      </table></div>` : html`<p class="soft">No traced calls in the last ${WINDOW_MINUTES} minutes. <a href="/">Open the site</a> and click a heart.</p>`}
  </section>`;
