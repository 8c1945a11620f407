// What the service map shows of a service graph.

import { formatDuration, formatNumber } from "../format.js";
import { countAbove, summarize } from "./distribution.js";
import { SLOW_SECONDS, quote } from "./query.js";

export const countOutcomes = (statistics) => ({
  ok: statistics.OkCount,
  error: statistics.ErrorStatistics.OtherCount,
  throttle: statistics.ErrorStatistics.ThrottleCount,
  fault: statistics.FaultStatistics.TotalCount,
});

const describeOutcomes = (statistics) =>
  Object.entries(countOutcomes(statistics)).filter(([, count]) => count).map(([outcome, count]) => `${count} ${outcome}`).join(", ");

/** More characters do not fit beside a ring. */
const MAX_TEXT_LENGTH = 26;

const truncate = (text) => text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH - 1)}…` : text;

export const isClient = (service) => service.Type === "client";

/** X-Ray gives the client the name of the service that it calls. */
export const nameOf = (service) => isClient(service) ? "client" : service.Name;

/** X-Ray has a client for each service that is called from outside. The map shows one: `parts` are X-Ray's clients, and each edge has its own as `caller`. */
export function mergeClients(services) {
  const parts = services.filter(isClient);
  if (parts.length < 2) return services;
  const edges = parts.flatMap((caller) => caller.Edges.map((edge) => ({ ...edge, caller })));
  const client = { Name: "client", Type: "client", ReferenceId: parts[0].ReferenceId, Edges: edges, parts };
  return [client, ...services.filter((service) => !isClient(service))];
}

/** A key that the same node has in each answer. */
export const keyOf = (service) => `${service.Name} ${service.Type}`;

export function listEdges(services) {
  const byId = new Map(services.map((service) => [service.ReferenceId, service]));
  return services.flatMap((from) => from.Edges.map((edge) => ({ from, edge, to: byId.get(edge.ReferenceId) }))).filter(({ to }) => to);
}

/** The figures of a node: the texts inside and beside its ring, its outcomes, and its slow requests. */
export function describeNode(service, rangeSeconds) {
  const { SummaryStatistics: statistics, ResponseTimeHistogram: histogram = [] } = service;
  if (!statistics?.TotalCount) {
    const name = truncate(nameOf(service));
    const texts = isClient(service) ? [] : [truncate(service.Type ?? "service"), statistics && "0 requests"].filter(Boolean);
    return { name, texts, label: [name, ...texts, isClient(service) && "calls the services from outside"].filter(Boolean).join(", ") };
  }
  const { TotalCount: count } = statistics;
  const { p50, p95 } = summarize(histogram);
  const slowCount = countAbove(histogram, SLOW_SECONDS);
  const mean = formatDuration(statistics.TotalResponseTime / count);
  const rate = `${formatRate(count / Math.max(rangeSeconds / 60, 1 / 60))}/min`;
  const name = truncate(service.Name);
  const texts = [truncate(service.Type ?? "service"), `${count} ${count === 1 ? "request" : "requests"}, ${rate}`];
  if (p50 !== undefined) texts.push(`p50 ${formatDuration(p50)} · p95 ${formatDuration(p95)}`);
  const slow = slowCount ? `◷ ${slowCount} of ${count} slow` : "";
  // The name for screen readers starts with the visible text.
  const label = `${[name, ...texts, slow, mean].filter(Boolean).join(" ")} mean, ${describeOutcomes(statistics)}`;
  return { name, texts, mean, slow, slowShare: slowCount / count, outcomes: countOutcomes(statistics), count, label };
}

const formatRate = (rate) => formatNumber(rate >= 10 ? rate : Number(rate.toPrecision(2)));

export function describeEdge({ from, edge, to }) {
  const { SummaryStatistics: statistics, ResponseTimeHistogram: histogram = [] } = edge;
  const { mean, p95 } = summarize(histogram);
  const times = mean === undefined ? "no response times yet" : `mean ${formatDuration(mean)}, p95 ${formatDuration(p95)}`;
  return [`from ${nameOf(from)} to ${to.Name}: ${statistics.TotalCount} requests`, times, describeOutcomes(statistics)].filter(Boolean).join(", ");
}

/** A service as an argument of a filter expression. Without a type, the argument contains only the name. */
const formatArgument = (service) => service.Type ? `id(name: ${quote(service.Name)}, type: ${quote(service.Type)})` : quote(service.Name);

export const filterForNode = ({ parts, ...service }) => (parts ?? [service]).map((part) => `service(${formatArgument(part)})`).join(" OR ");

export const filterForEdge = ({ from, edge, to }) => `edge(${formatArgument(edge.caller ?? from)}, ${formatArgument(to)})`;

/** An arc of a circle as a dash pattern: `share` of its circumference. With `dash`, the arc consists of dashes of this length. */
export function arcPattern(radius, share, dash) {
  const circumference = 2 * Math.PI * radius;
  const length = share * circumference;
  if (!dash) return `${length} ${circumference - length}`;
  const dashes = Array.from({ length: Math.max(1, Math.floor(length / (2 * dash))) }, () => `${dash} ${dash}`);
  return `${dashes.join(" ")} 0 ${circumference}`;
}
