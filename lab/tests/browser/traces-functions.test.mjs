// Tests without a browser: what the traces page computes from X-Ray's answers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { sortTraces, splitAtIds } from "../../pages/traces/columns.js";
import { countAbove, countByResponseTime, shareOfLogScale, summarize, summarizeValues } from "../../pages/traces/distribution.js";
import { arcPattern, describeNode, filterForEdge, filterForNode, listEdges, mergeClients } from "../../pages/traces/graph.js";
import { groupByTask, readLine } from "../../pages/traces/log-lines.js";
import { addGroup, hasCondition, limitResponseTime, listConditions, locateError, toggleCondition } from "../../pages/traces/query.js";
import { conclude, findLongest, listLines, listTicks } from "../../pages/traces/tree.js";

/** A like of 10 seconds: the Like service works for 9 seconds, and the call to the monolith takes 1 second. */
const createLike = ({ monolithStatus = 200, isTraced = true } = {}) => {
  const failure = monolithStatus >= 500 ? { fault: true } : monolithStatus >= 400 ? { error: true } : {};
  const http = { response: { status: monolithStatus } };
  const call = { id: "b", name: "monolith", namespace: "remote", start_time: 109, end_time: 110, http, ...failure };
  const like = { id: "a", name: "like service", start_time: 100, end_time: 110, http, subsegments: [call], ...failure };
  const monolith = { id: "c", parent_id: "b", name: "monolith", start_time: 109.2, end_time: 109.9, http, ...failure };
  return isTraced ? [like, monolith] : [like];
};

test("lines are listed parents before children, and a segment is below the call that caused it", () => {
  const lines = listLines(createLike().toReversed());
  assert.deepEqual(lines.map(({ segment, depth, kind, service }) => [segment.id, depth, kind, service]),
    [["a", 0, "segment", "like service"], ["b", 1, "subsegment", "like service"], ["c", 2, "segment", "monolith"]]);
});

test("documents whose parents form a circle, and a document that is its own parent, are listed once", () => {
  const segment = (id, parent_id) => ({ id, parent_id, name: id, start_time: 1, end_time: 2 });
  const lines = listLines([segment("a", "b"), segment("b", "a"), segment("c", "c")]);
  assert.deepEqual(lines.map(({ segment: { id } }) => id).sort(), ["a", "b", "c"]);
});

test("a line's own time is its duration minus the union of its children", () => {
  const child = (id, start_time, end_time) => ({ id, name: id, start_time, end_time });
  const root = { id: "root", name: "root", start_time: 0, end_time: 10, subsegments: [child("x", 1, 4), child("y", 2, 3), child("z", 3.5, 6), child("late", 9, 12)] };
  const [line] = listLines([root]);
  assert.equal(line.selfSeconds, 4);
  assert.equal(listLines([{ ...root, in_progress: true, end_time: undefined }])[0].selfSeconds, undefined);
});

test("the conclusion names the service in which most of the time was spent", () => {
  assert.deepEqual(conclude(listLines(createLike()), 10), ["90.0 % of the time was spent in like service itself."]);
  const quick = { id: "a", name: "shop", start_time: 0, end_time: 2.0004 };
  assert.deepEqual(conclude(listLines([quick]), 2.0004), ["100 % of the time was spent in shop itself."]);
});

test("the time of local subsegments belongs to the service", () => {
  const part = (id, start_time, end_time) => ({ id, name: id, start_time, end_time });
  const root = { id: "root", name: "shop", start_time: 0, end_time: 10, subsegments: [part("read", 0, 5), part("write", 5, 10)] };
  assert.deepEqual(conclude(listLines([root]), 10), ["100 % of the time was spent in shop itself."]);
});

test("the conclusion names a called service that sent no segment, a table, and the way between two services", () => {
  const call = (more) => [{ id: "a", name: "shop", start_time: 0, end_time: 10, subsegments: [{ id: "b", name: "bank", start_time: 1, end_time: 10, ...more }] }];
  assert.deepEqual(conclude(listLines(call({ namespace: "remote" })), 10), ["90.0 % of the time was spent in bank."]);
  assert.deepEqual(conclude(listLines(call({ name: "DynamoDB", namespace: "aws", aws: { table_name: "T" } })), 10), ["90.0 % of the time was spent in DynamoDB (table T)."]);
  const bank = { id: "c", parent_id: "b", name: "bank", start_time: 9.5, end_time: 10 };
  assert.deepEqual(conclude(listLines([...call({ namespace: "remote" }), bank]), 10), ["85.0 % of the time was spent between shop and bank."]);
});

test("an inferred segment counts the time of its call once", () => {
  const call = { id: "b", name: "DynamoDB", namespace: "aws", aws: { table_name: "T" }, start_time: 4, end_time: 10 };
  const documents = [{ id: "a", name: "shop", start_time: 0, end_time: 10, subsegments: [call] }, { ...call, id: "c", parent_id: "b", inferred: true }];
  assert.deepEqual(conclude(listLines(documents), 10), ["60.0 % of the time was spent in DynamoDB (table T)."]);
});

test("the conclusion names the service from which an error comes", () => {
  assert.equal(conclude(listLines(createLike({ monolithStatus: 404 })), 10)[1], "The status 404 comes from monolith, which called nothing else.");
  assert.equal(conclude(listLines(createLike({ monolithStatus: 503, isTraced: false })), 10)[1], "The status 503 comes from monolith.");
  const alone = { id: "a", name: "like service", start_time: 0, end_time: 1, error: true, http: { response: { status: 404 } } };
  assert.equal(conclude(listLines([alone]), 1)[1], "The status 404 comes from like service, which called nothing else.");
});

test("a failed call is the source of an error, although X-Ray infers a failed segment of the called service", () => {
  const response = { http: { response: { status: 400 } } };
  const failed = { id: "b", name: "DynamoDB", namespace: "aws", aws: { table_name: "T" }, start_time: 1, end_time: 2, error: true, ...response };
  const shop = { id: "a", name: "shop", start_time: 0, end_time: 3, error: true, ...response, subsegments: [failed] };
  const lines = listLines([shop, { ...failed, id: "c", namespace: undefined, parent_id: "b", inferred: true }]);
  assert.equal(conclude(lines, 3)[1], "The status 400 comes from DynamoDB (table T).");
});

test("the longest line is the one with most time of its own", () => {
  const call = { id: "b", name: "bank", namespace: "remote", start_time: 1, end_time: 9 };
  assert.equal(findLongest(listLines([{ id: "a", name: "shop", start_time: 0, end_time: 10, subsegments: [call] }])).segment.id, "b");
  assert.equal(findLongest(listLines([{ id: "a", name: "shop", start_time: 0, in_progress: true }])), undefined);
});

test("a trace in progress has no conclusion about its time", () => {
  assert.deepEqual(conclude(listLines([{ id: "a", name: "shop", start_time: 0, in_progress: true }]), 0), []);
});

test("a time axis has round steps", () => {
  assert.deepEqual(listTicks(7.5, 5), [0, 2, 4, 6]);
  assert.deepEqual(listTicks(0.0005, 5).map((seconds) => seconds.toFixed(6)), ["0.000000", "0.000100", "0.000200", "0.000300", "0.000400", "0.000500"]);
});

test("response times are counted in buckets with round limits, without empty buckets at the ends", () => {
  const buckets = countByResponseTime([0.010, 0.014, 0.02, 1.2, 90]);
  assert.deepEqual(buckets.filter(({ count }) => count), [
    { from: 0.01, to: 0.015, count: 2 }, { from: 0.02, to: 0.03, count: 1 }, { from: 1, to: 1.5, count: 1 }, { from: 70, to: Infinity, count: 1 }]);
  assert.equal(buckets[0].from, 0.01);
  assert.deepEqual(countByResponseTime([0]), [{ from: 0, to: 0.001, count: 1 }]);
  assert.deepEqual(countByResponseTime([]), []);
});

test("mean, median and 95th percentile are those of nearest rank", () => {
  assert.deepEqual(summarizeValues([4, 1, 3, 2]), { count: 4, mean: 2.5, p50: 2, p95: 4 });
  assert.deepEqual(summarize([{ Value: 0.25, Count: 95 }, { Value: 2, Count: 5 }]), { count: 100, mean: 0.3375, p50: 0.25, p95: 0.25 });
  assert.equal(summarize([{ Value: 0.01, Count: 94 }, { Value: 2, Count: 6 }]).p95, 2);
  assert.equal(countAbove([{ Value: 1, Count: 3 }, { Value: 1.01, Count: 2 }], 1), 2);
  assert.deepEqual(summarize([]), { count: 0 });
});

const SERVICE = {
  Name: "like service", Type: "AWS::ECS::Fargate",
  SummaryStatistics: { OkCount: 9, TotalCount: 10, TotalResponseTime: 20, ErrorStatistics: { OtherCount: 1, ThrottleCount: 0, TotalCount: 1 }, FaultStatistics: { TotalCount: 0 } },
  ResponseTimeHistogram: [{ Value: 0.5, Count: 4 }, { Value: 3, Count: 6 }],
};

test("a node says how many of its requests were slow, and its percentiles", () => {
  const node = describeNode(SERVICE, 600);
  assert.equal(node.slow, "◷ 6 of 10 slow");
  assert.equal(node.label, "like service AWS::ECS::Fargate 10 requests, 1/min p50 3.00 s · p95 3.00 s ◷ 6 of 10 slow 2.00 s mean, 9 ok, 1 error");
  assert.equal(describeNode({ ...SERVICE, ResponseTimeHistogram: [{ Value: 0.5, Count: 10 }] }, 600).slow, "");
});

test("a long name is cut, also in the name for screen readers, which has to contain the visible text", () => {
  const node = describeNode({ ...SERVICE, Name: "a-service-with-a-very-long-name" }, 600);
  assert.equal(node.name, "a-service-with-a-very-lon…");
  assert(node.label.startsWith(`${node.name} AWS`));
});

test("the client node is called client", () => {
  assert.deepEqual(describeNode({ Name: "like service", Type: "client" }, 600), { name: "client", texts: [], label: "client, calls the services from outside" });
});

test("X-Ray's clients are one node, whose edges still filter by X-Ray's own clients", () => {
  const clients = ["like service", "monolith"].map((Name, index) => ({ Name, Type: "client", ReferenceId: index, Edges: [{ ReferenceId: index + 2 }] }));
  const services = ["like service", "monolith"].map((Name, index) => ({ Name, Type: "AWS::ECS::Fargate", ReferenceId: index + 2, Edges: [] }));
  const merged = mergeClients([clients[0], services[0], clients[1], services[1]]);
  assert.deepEqual(merged.map(({ Name }) => Name), ["client", "like service", "monolith"]);
  assert.equal(filterForNode(merged[0]), 'service(id(name: "like service", type: "client")) OR service(id(name: "monolith", type: "client"))');
  const edges = listEdges(merged);
  assert.deepEqual(edges.map(({ from, to }) => [from.Name, to.Name]), [["client", "like service"], ["client", "monolith"]]);
  assert.equal(filterForEdge(edges[1]), 'edge(id(name: "monolith", type: "client"), id(name: "monolith", type: "AWS::ECS::Fargate"))');
  assert.equal(mergeClients([clients[0], services[0]])[0], clients[0]);
});

test("response times have a place on a logarithmic scale", () => {
  assert.deepEqual([0, 0.001, 60, 100].map(shareOfLogScale), [0, 0, 1, 1]);
  assert.equal((shareOfLogScale(0.1) - shareOfLogScale(0.01)).toFixed(6), (shareOfLogScale(1) - shareOfLogScale(0.1)).toFixed(6));
});

test("the dashes of an arc together are as long as its share of the circle", () => {
  const [length, gap] = arcPattern(10, 0.25).split(" ").map(Number);
  assert.equal((length / (length + gap)).toFixed(3), "0.250");
  const dashes = arcPattern(40, 0.5, 4).split(" ").map(Number);
  assert.equal(dashes.slice(0, -1).reduce((sum, dash) => sum + dash), 2 * 4 * 15);
});

test("a condition is added to a filter and removed again", () => {
  const workshop = 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"';
  assert.deepEqual(listConditions(workshop), ['service("like service") { responsetime > 1 OR error }', 'http.method = "POST"']);
  const added = toggleCondition(workshop, "http.status = 404");
  assert.equal(added, `${workshop} AND http.status = 404`);
  assert.equal(toggleCondition(added, "http.status = 404"), workshop);
  assert.equal(toggleCondition("", "error"), "error");
  assert.equal(toggleCondition("error", "error"), "");
});

test("a filter with OR gets parentheses before a condition is added", () => {
  assert.equal(toggleCondition("error or fault", "responsetime > 1"), "(error or fault) AND responsetime > 1");
  assert.equal(addGroup("error OR fault", 'a"b'), '(error OR fault) AND group.name = "a\\"b"');
  assert.equal(addGroup("", "slow"), 'group.name = "slow"');
  assert.equal(addGroup("error OR fault", ""), "error OR fault");
});

test("AND and OR in strings and in longer words are no operators", () => {
  const filter = 'user = "A AND B \\" OR (" AND annotation.and = 1';
  assert.deepEqual(listConditions(filter), ['user = "A AND B \\" OR ("', "annotation.and = 1"]);
  assert(hasCondition(filter, "annotation.and = 1"));
});

test("a selection of response times replaces the earlier one", () => {
  const first = limitResponseTime("error", 1, 3);
  assert.equal(first, "error AND responsetime >= 1 AND responsetime < 3");
  assert.equal(limitResponseTime(first, 0, 0.01), "error AND responsetime < 0.01");
  assert.equal(limitResponseTime("responsetime > 1", 70, Infinity), "responsetime > 1 AND responsetime >= 70");
});

test("the position of an error counts characters", () => {
  const place = locateError("😀 bad", "Invalid filter expression: 'bad' is not a keyword at position 3");
  assert.deepEqual(place, { before: "😀 ", mark: "b", after: "ad", reason: "'bad' is not a keyword", position: "3" });
  assert.equal(locateError("error", "another message"), undefined);
  assert.equal(locateError("error AND", "Invalid filter expression: it ends at position 10").mark, "\u00a0");
});

test("traces are sorted by the value of a column, and equal ones keep their order", () => {
  const trace = (Id, ResponseTime, HttpURL) => ({ Id, ResponseTime, Http: { HttpMethod: "GET", HttpURL } });
  const traces = [trace("a", 0.5, "http://x/b"), trace("b", 12, "http://x/a"), trace("c", 0.5, "http://x/b"), { Id: "d", IsPartial: true }];
  const ids = (sort) => sortTraces(traces, sort).map(({ Id }) => Id).join("");
  assert.equal(ids("-responsetime"), "dbac");
  assert.equal(ids("responsetime"), "acbd");
  assert.equal(ids("request"), "dbac");
  assert.equal(ids("no such column"), "abcd");
});

test("ids with a name are split off a text", () => {
  const names = new Map([["4e53920c-505a-4a90-a694-b9300791f0ae", "Evangeline"]]);
  assert.deepEqual(splitAtIds("POST /mysfits/4e53920c-505a-4a90-a694-b9300791f0ae/like", names),
    ["POST /mysfits/", { id: "4e53920c-505a-4a90-a694-b9300791f0ae", name: "Evangeline" }, "/like"]);
  assert.deepEqual(splitAtIds("GET /mysfits", names).join(""), "GET /mysfits");
});

test("log lines are sorted by task and by their own time, to the microsecond", () => {
  const line = (timestamp, message) => JSON.stringify({ timestamp, level: "INFO", message, trace_id: "1-2-3", ms: 2, empty: "" });
  const entry = (stream, eventId, timestamp, message) => ({ group: "g", stream, event: { eventId, timestamp, message } });
  const tasks = groupByTask([
    entry("s/monolith/t2", "3", 1_000, line("1970-01-01T00:00:01.000700Z", "third")),
    entry("s/like/t1", "2", 1_000, line("1970-01-01T00:00:01.000600Z", "second")),
    entry("s/like/t1", "1", 1_000, line("1970-01-01T00:00:01.000500Z", "first")),
  ]);
  assert.deepEqual(tasks.map(({ container, task, lines }) => [container, task, lines.map(({ message }) => message)]), [["like", "t1", ["first", "second"]], ["monolith", "t2", ["third"]]]);
  assert.equal(tasks[0].lines[0].time, 1000.5);
  assert.deepEqual(tasks[0].lines[0].fields, [["ms", "2"]]);
});

test("a log line that is no JSON object is its own message", () => {
  for (const message of ["plain text", "[1]", "null", '{"cut'])
    assert.deepEqual(readLine({ timestamp: 5, message }), { time: 5, message, fields: [] });
});
