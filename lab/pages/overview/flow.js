// The picture of the system: clients, load balancer with its rules, target groups, services with their tasks, tables.

import { formatDuration, formatNumber, formatPercent } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { link } from "../range.js";
import { metricsParameters } from "../services/metrics.js";
import { sparkline, taskMarks } from "../services/parts.js";
import { tasksText } from "./state.js";
import { clientErrorKind } from "./unusual.js";

/** Lines are this wide without requests, and at most this much wider. */
const MIN_WIDTH = 1.5;
const MAX_EXTRA_WIDTH = 4;

export function flowTemplate(state, items, range, period) {
  const flags = Map.groupBy(items.filter(({ at }) => at), ({ at }) => at);
  const isFlagged = (key) => ({ flag: flags.get(key)?.[0].kind ?? "", texts: flags.get(key)?.map(({ text }) => text) ?? [] });
  const latest = (key) => state.minutes.get(key)?.findLast(({ time }) => time >= state.newestMinute);
  const context = { ...state, range, period, isFlagged, latest };
  return html`
    <div class="flow">
      <svg class="flow-lines" aria-hidden="true"></svg>
      ${column("Clients", state.balancers.map((balancer) => clientCard(balancer, context)))}
      ${column("Load balancer", repeat(state.balancers, ({ arn }) => arn, (balancer) => balancerCard(balancer, context)))}
      ${column("Target groups and their services", repeat(pairs(state), ({ key }) => key, ({ group, services }) => html`
        <div class="flow-pair">${group ? groupCard(group, context) : html`<div></div>`}<div class="flow-services">${services.map((service) => serviceCard(service, context))}</div></div>`))}
      ${state.tables.length ? column("Tables", repeat(state.tables, ({ name }) => name, (table) => tableCard(table))) : nothing}
    </div>`;
}

/** The rows of the picture: each target group with its services, and at the end the services without one. */
function pairs({ groups, services }) {
  const rows = groups.map((group) => ({ key: group.arn, group, services: services.filter((service) => service.groups[0] === group.arn) }));
  const known = new Set(rows.flatMap((row) => row.services));
  return [...rows, ...services.filter((service) => !known.has(service)).map((service) => ({ key: service.arn, services: [service] }))];
}

const column = (title, cards) => html`<div class="flow-column"><h3>${title}</h3>${cards}</div>`;

function card(key, { isFlagged }, content) {
  const { flag, texts } = isFlagged(key);
  return html`
    <article class="flow-card ${flag}" data-node=${key}>
      ${content}
      ${texts.length ? html`<p class="flow-flag ${flag}" title=${texts.join("\n")}><span aria-hidden="true">▲</span> ${texts.length === 1 ? "1 thing" : `${texts.length} things`} unusual</p>` : nothing}
    </article>`;
}

/** Requests a minute, with a chart of the range. */
const rate = (count, arn, { charts, range, period }, label) => html`
  <div class="flow-rate"><p><strong>${formatNumber(count)}</strong> <span class="soft small">${count === 1 ? "request" : "requests"}/min</span></p>
    ${sparkline(charts.get(arn) ?? [], "requests", range, period, label)}</div>`;

function clientCard({ arn }, context) {
  const row = context.latest(arn) ?? {};
  const own = ["balancer500", "balancer502", "balancer503", "balancer504"].reduce((sum, name) => sum + (row[name] ?? 0), 0);
  const total = (row.requests ?? 0) + (row.balancer503 ?? 0);
  return card(`client:${arn}`, context, html`
    ${rate(total, arn, context, "Requests")}
    ${traffic({ ...row, requests: total, errors5xx: (row.errors5xx ?? 0) + own })}
    ${context.services.some(({ callsBalancer }) => callsBalancer) ? html`<p class="soft small">with the calls of services through the load balancer</p>` : nothing}`);
}

function balancerCard(balancer, context) {
  const { arn, name, address, rules } = balancer;
  return card(`balancer:${arn}`, context, html`
    <h4>${name}</h4>
    <p class="soft small mono">${address}</p>
    <ol class="flow-rules" aria-label=${`Rules of ${name}`}>${repeat(rules, (rule) => rule.arn, (rule) => html`
      <li data-node=${`rule:${rule.arn}`}><span class="mono">${rule.condition}</span>
        <span class="soft small">${rule.targets.map((target) => `${formatPercent(target.share)} to ${target.name}`).filter((text, index) => rule.targets[index].weight > 0).join(", ") || "to no target group"}</span></li>`)}
    </ol>
    <p class="small"><a href=${link("/console/services")}>Rules and weights</a></p>`);
}

function groupCard(group, context) {
  const { arn, name, isUsed, targets, source } = group;
  const healthy = targets.filter(({ state }) => state === "healthy").length;
  const row = context.latest(arn) ?? {};
  return card(`group:${arn}`, context, html`
    <h4>${name}</h4>
    <p class="small ${isUsed && healthy < targets.length ? "fault" : "soft"}">${targets.length ? `${healthy} of ${targets.length} targets healthy` : "no targets"}${isUsed ? "" : ", in no rule"}
      ${source ? html` · <a href=${link("/console/metrics", metricsParameters(source, ["requests", "errors4xx", "errors5xx", "p95"]))}>Metrics<span class="spoken"> of ${name}</span></a>` : nothing}</p>
    ${rate(row.requests ?? 0, arn, context, `Requests to ${name}`)}
    ${traffic(row)}`);
}

function serviceCard(service, context) {
  const { arn, name, tasks, revision, callsBalancer, deployments } = service;
  const row = context.latest(arn) ?? {};
  const percent = (value) => value === undefined ? "–" : `${formatNumber(value)} %`;
  const isDeploying = deployments.some(({ state }) => state === "IN_PROGRESS");
  return card(`service:${arn}`, context, html`
    <h4><a href=${link(`/console/services/${encodeURIComponent(name)}`)}>${name}</a></h4>
    <p class="soft small">${tasksText(service)}, revision ${revision}${isDeploying ? ", deploying" : ""}</p>
    ${taskMarks(tasks)}
    <dl class="facts"><div><dt>CPU</dt><dd>${percent(row.cpu)}</dd></div><div><dt>memory</dt><dd>${percent(row.memory)}</dd></div></dl>
    ${callsBalancer ? html`<p class="soft small"><span aria-hidden="true">↩</span> calls the load balancer</p>` : nothing}`);
}

function tableCard({ name, calls }) {
  const count = calls.reduce((sum, call) => sum + call.count, 0);
  const mean = calls.reduce((sum, call) => sum + call.mean * call.count, 0) / count;
  return html`
    <article class="flow-card" data-node=${`table:${name}`}>
      <h4>${name}</h4>
      <p class="soft small">DynamoDB</p>
      ${count ? html`<dl class="facts"><div><dt>traced calls</dt><dd>${formatNumber(count)}</dd></div><div><dt>mean</dt><dd>${formatDuration(mean)}</dd></div></dl>` : html`<p class="soft small">no traced calls</p>`}
    </article>`;
}

/** Latency and errors of a minute. */
function traffic({ requests, mean, p95, errors4xx = 0, errors5xx = 0 }) {
  const share = (count) => requests ? formatPercent(count / requests) : "–";
  const time = (value) => value === undefined ? "–" : formatDuration(value);
  return html`
    <dl class="facts">
      <div><dt>mean</dt><dd>${time(mean)}</dd></div><div><dt>p95</dt><dd>${time(p95)}</dd></div>
      <div><dt>4xx</dt><dd class=${errors4xx ? clientErrorKind(errors4xx, requests) : ""}>${share(errors4xx)}</dd></div><div><dt>5xx</dt><dd class=${errors5xx ? "fault" : ""}>${share(errors5xx)}</dd></div>
    </dl>`;
}

/** The lines of the picture: their width is the share of the requests, their kind that of the worst finding of where they end. */
export function flowEdges(state, items) {
  const kindOf = (key) => items.find(({ at, kind }) => at === key && kind !== "note")?.kind ?? "";
  const requests = (key) => state.minutes.get(key)?.findLast(({ time }) => time >= state.newestMinute)?.requests ?? 0;
  const max = Math.max(1, ...state.balancers.map(({ arn }) => requests(arn)));
  const edge = (from, to, count, options = {}) => ({ from, to, width: MIN_WIDTH + MAX_EXTRA_WIDTH * Math.min(1, count / max), isIdle: count === 0, kind: kindOf(to), ...options });
  return [
    ...state.balancers.map(({ arn }) => edge(`client:${arn}`, `balancer:${arn}`, requests(arn))),
    ...state.balancers.flatMap(({ rules }) => rules).flatMap(({ arn, targets }) => targets.filter(({ weight }) => weight > 0)
      .map((target) => edge(`rule:${arn}`, `group:${target.arn}`, requests(target.arn) * target.share))),
    ...state.services.flatMap(({ arn, groups }) => groups.map((group) => edge(`group:${group}`, `service:${arn}`, requests(group)))),
    ...state.services.flatMap(({ arn, groups, tables }) => tables.map((table) => edge(`service:${arn}`, `table:${table}`, Math.max(0, ...groups.map(requests))))),
  ];
}
