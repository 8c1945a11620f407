// Tests of the console's overview: what it finds unusual (pure functions), and the page.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { findEarlier } from "../../pages/overview/earlier.js";
import { joinEvents } from "../../pages/overview/events.js";
import { percentile, problemOf, toCalls } from "../../pages/overview/state.js";
import { findUnusual, isAlarmOfRest } from "../../pages/overview/unusual.js";
import { shortenEvent } from "../../pages/services/events.js";
import { metricSources, toRows } from "../../pages/services/metrics.js";
import { taskState } from "../../pages/services/health.js";
import { MYSFIT_ID, Browser, Lab, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

const MINUTE_MS = 60_000;
const NOW = Date.UTC(2026, 10, 27, 12, 0);

const deployment = (members) => ({ id: "ecs-svc/1", status: "PRIMARY", revision: 1, state: "COMPLETED", running: 2, desired: 2, pending: 0, ...members });
const service = (members) => ({ arn: "service-arn", name: "web", desired: 2, running: 2, pending: 0, stopped: [], deployments: [deployment()], ...members });
const group = (members) => ({ arn: "arn:aws:elasticloadbalancing:us-east-1:0:targetgroup/web/1", name: "web", isUsed: true, service: "web", targets: [{ state: "healthy" }], ...members });
const minutes = (arn, ...rows) => new Map([[arn, rows.map((row, index) => ({ time: NOW - (rows.length - index) * MINUTE_MS, ...row }))]]);

const EMPTY = { now: NOW, services: [], groups: [], balancers: [], alarms: [], policies: [], calls: [], minutes: new Map() };

function textsOf(state) {
  const items = findUnusual({ ...EMPTY, ...state });
  return items.map(({ kind, text }) => `${kind} ${text}`);
}

test("a system at rest has nothing unusual", () => {
  assert.deepEqual(textsOf({ services: [service()], groups: [group()] }), []);
});

test("a missing task is named with what ECS says", () => {
  const problem = "is unable to consistently start tasks successfully.";
  assert.deepEqual(textsOf({ services: [service({ running: 1, pending: 1, problem })] }), [`error web: 1 of 2 tasks running, 1 starting. ECS says: ${problem}`]);
  assert.deepEqual(textsOf({ services: [service({ desired: 1, running: 0 })] }), ["fault web: 0 of 1 task running."]);
});

test("deployments are named: one in progress is a note, a failed one is a fault", () => {
  assert.deepEqual(textsOf({ services: [service({ deployments: [deployment({ revision: 2, state: "IN_PROGRESS", running: 1 })] })] }),
    ["note web: the deployment of revision 2 is in progress, 1 of 2 tasks running."]);
  assert.deepEqual(textsOf({ services: [service({ deployments: [deployment({ state: "FAILED", reason: "tasks failed to start." })] })] }),
    ["fault web: the deployment of revision 1 failed. tasks failed to start."]);
  const rollout = (status, time) => textsOf({ services: [service({ rollout: { status, time, reason: "Stopped." } })] });
  assert.deepEqual(rollout("ROLLBACK_SUCCESSFUL", NOW - MINUTE_MS), ["error web: the newest deployment was rolled back in the last 5 minutes. Stopped."]);
  assert.deepEqual(rollout("ROLLBACK_SUCCESSFUL", NOW - 6 * MINUTE_MS), []);
  assert.deepEqual(rollout("ROLLBACK_IN_PROGRESS"), ["note web: the newest deployment is being rolled back. Stopped."]);
});

test("a task that ended by itself is unusual for five minutes, a task that a person stopped is not", () => {
  const stopped = [
    { code: "EssentialContainerExited", reason: "Essential container in task exited", time: NOW - MINUTE_MS },
    { code: "EssentialContainerExited", reason: "old", time: NOW - 6 * MINUTE_MS },
    { code: "UserInitiated", reason: "by me", time: NOW - MINUTE_MS },
    { code: "ServiceSchedulerInitiated", reason: "Scaling activity initiated by (deployment ecs-svc/1)", time: NOW - MINUTE_MS },
  ];
  const replaced = [{ code: "ServiceSchedulerInitiated", reason: "Task failed ELB health checks in (target-group web)", time: NOW - MINUTE_MS }];
  assert.deepEqual(textsOf({ services: [service({ stopped: replaced })] }), ["fault web: ECS stopped 1 task in the last 5 minutes, because its health checks failed."]);
  assert.deepEqual(textsOf({ services: [service({ stopped })] }), ["fault web: 1 task ended unexpectedly in the last 5 minutes. Essential container in task exited"]);
});

test("5xx responses are counted with the requests of their target group, and are less serious when they have ended", () => {
  const { arn } = group();
  assert.deepEqual(textsOf({ groups: [group()], minutes: minutes(arn, { requests: 40 }, { requests: 60, errors5xx: 2 }) }),
    ["fault 2 of 100 requests got a 5xx response in the last 5 minutes (target group web)."]);
  const [text] = textsOf({ groups: [group()], minutes: minutes(arn, { requests: 60, errors5xx: 2 }, { requests: 40 }) });
  assert.match(text, /^error 2 of 100 requests got a 5xx response in the last 5 minutes \(target group web\), none since /);
  // Without requests there are no values of the newest minute.
  const [silent] = textsOf({ groups: [group()], minutes: minutes(arn, { requests: 60, errors5xx: 2 }), newestMinute: NOW });
  assert.match(silent, /^error 2 of 60 requests .* none since /);
});

test("4xx responses are unusual only if they are many", () => {
  const { arn } = group();
  assert.deepEqual(textsOf({ groups: [group()], minutes: minutes(arn, { requests: 100, errors4xx: 4 }) }), []);
  assert.deepEqual(textsOf({ groups: [group()], minutes: minutes(arn, { requests: 4, errors4xx: 2 }) }), []);
  assert.deepEqual(textsOf({ groups: [group()], minutes: minutes(arn, { requests: 20, errors4xx: 5 }) }), ["error 5 of 20 requests got a 4xx response in the last 5 minutes (target group web)."]);
  assert.deepEqual(textsOf({ groups: [group()], minutes: minutes(arn, { requests: 20, errors4xx: 10 }) }), ["fault 10 of 20 requests got a 4xx response in the last 5 minutes (target group web)."]);
});

test("responses of the load balancer itself are counted apart, and link to their metric", () => {
  const LoadBalancerArn = "arn:aws:elasticloadbalancing:us-east-1:0:loadbalancer/app/main/1";
  const balancer = { arn: "lb", name: "main", source: metricSources({ balancers: [{ LoadBalancerArn }] })[0] };
  assert.deepEqual(textsOf({ balancers: [balancer], minutes: minutes("lb", { requests: 97, balancer503: 3 }) }),
    ["fault 3 of 100 requests got 503 from the load balancer main itself in the last 5 minutes."]);
  const [{ link }] = findUnusual({ ...EMPTY, balancers: [balancer], minutes: minutes("lb", { requests: 97, balancer503: 3 }) });
  assert.equal(link.path, "/console/metrics");
  assert.deepEqual(JSON.parse(link.parameters.metrics), [["AWS/ApplicationELB", "HTTPCode_ELB_503_Count", "LoadBalancer", "app/main/1", { stat: "Sum" }]]);
});

test("tasks at their limit of processor or memory are named", () => {
  const source = { dimensions: {}, metrics: [] };
  assert.deepEqual(textsOf({ services: [service({ source })], minutes: minutes("service-arn", { cpu: 95, memory: 90 }) }),
    ["error web: the tasks use 95 % of their processor.", "error web: the tasks use 90 % of their memory."]);
  assert.deepEqual(textsOf({ services: [service({ source })], minutes: minutes("service-arn", { cpu: 95, memory: 90 }, { cpu: 9, memory: 20 }) }), []);
});

test("a slow target group is compared with the others", () => {
  const other = group({ arn: "arn:other", name: "other" });
  const rows = (own, others) => new Map([...minutes(group().arn, { requests: 9, p95: own }), ...minutes(other.arn, { requests: 9, p95: others })]);
  assert.deepEqual(textsOf({ groups: [group(), other], minutes: rows(1.2, 0.02) }),
    ["error Target group web is slow: its p95 was up to 1.20 s in the last 5 minutes, that of the other target groups at most 20 ms."]);
  assert.deepEqual(textsOf({ groups: [group(), other], minutes: rows(0.6, 0.3) }), []);
  assert.equal(textsOf({ groups: [group(), other], minutes: rows(0.6, 0.02) }).length, 1);
});

test("slow requests in traces are named, unless the metrics name the slow target group", () => {
  const calls = [{ from: "client", to: "web", count: 7, p95: 1.6 }, { from: "client", to: "other", count: 7, p95: 0.5 }, { from: "web", to: "other", count: 7, p95: 3 }];
  assert.deepEqual(textsOf({ calls }), ["error Requests to web are slow: the p95 of 7 traces in the last 5 minutes is 1.60 s."]);
  assert.equal(textsOf({ calls, groups: [group()], minutes: minutes(group().arn, { requests: 9, p95: 1.2 }) }).length, 1);
});

test("targets count only in target groups that a rule uses", () => {
  const targets = [{ state: "healthy" }, { state: "unhealthy", reason: "Request timed out" }, { state: "draining" }];
  assert.deepEqual(textsOf({ groups: [group({ targets })] }), ["fault Target group web: 1 of 2 targets unhealthy. Request timed out."]);
  assert.deepEqual(textsOf({ groups: [group({ targets: [] })] }), ["fault Target group web: no target is healthy. The load balancer answers requests with 503."]);
  assert.deepEqual(textsOf({ groups: [group({ targets: [], isUsed: false })] }), []);
});

test("an alarm of a scale-in is not unusual, any other alarm in ALARM is", () => {
  const policy = (PolicyARN, adjustment) => ({ PolicyARN, StepScalingPolicyConfiguration: { AdjustmentType: "ChangeInCapacity", StepAdjustments: [{ ScalingAdjustment: adjustment }] } });
  const policies = [policy("in", -1), policy("out", 1)];
  const alarm = (members) => ({ AlarmName: "a", StateValue: "ALARM", AlarmActions: [], MetricName: "RequestCount", ComparisonOperator: "LessThanThreshold", ...members });
  assert(isAlarmOfRest(alarm(), policies));
  assert(isAlarmOfRest(alarm({ AlarmActions: ["in"], MetricName: "Other" }), policies));
  assert(!isAlarmOfRest(alarm({ AlarmActions: ["out"] }), policies));
  assert(!isAlarmOfRest(alarm({ MetricName: "HealthyHostCount" }), policies));
  assert(!isAlarmOfRest(alarm({ ComparisonOperator: "GreaterThanThreshold" }), policies));
  assert.deepEqual(textsOf({ policies, alarms: [alarm(), alarm({ AlarmName: "b", ComparisonOperator: "GreaterThanThreshold", AlarmDescription: "Too many" })] }), ["fault Alarm b is in ALARM. Too many."]);
  assert.deepEqual(textsOf({ policies, alarms: [alarm({ AlarmActions: ["out"], ComparisonOperator: "GreaterThanThreshold" })] }), ["note Alarm a is in ALARM."]);
});

test("an alarm of target tracking calls its policy by an ARN with a suffix, and is a note", () => {
  const PolicyARN = "arn:aws:autoscaling:us-east-1:0:scalingPolicy:1:resource/ecs/service/c/web:policyName/track";
  const alarm = { AlarmName: "a", StateValue: "ALARM", AlarmActions: [`${PolicyARN}:createdBy/2`], MetricName: "CPUUtilization", ComparisonOperator: "GreaterThanThreshold" };
  assert.deepEqual(textsOf({ policies: [{ PolicyARN, TargetTrackingScalingPolicyConfiguration: {} }], alarms: [alarm] }), ["note Alarm a is in ALARM."]);
});

test("what ended earlier in the time range is listed with its time and a link to the traces of this time", () => {
  const range = { start: NOW - 30 * MINUTE_MS, end: NOW };
  const row = (minute, members) => ({ time: NOW - minute * MINUTE_MS, requests: 10, ...members });
  const charts = new Map([[group().arn, [row(20, { errors4xx: 4 }), row(19, { errors4xx: 1 }), row(15), row(2, { errors4xx: 9 })]]]);
  const earlier = findEarlier({ ...EMPTY, history: [], groups: [group()], charts }, range, 60);
  assert.deepEqual(earlier.map(({ word, text }) => [word, text.replace(/^\d\d:\d\d–\d\d:\d\d: /, "")]), [["4xx", "5 of 20 requests got a 4xx response (target group web)."]]);
  const { filter, from, to } = earlier[0].link.parameters;
  assert.deepEqual([filter, from, to], ["error", "2026-11-27T11:40:00.000Z", "2026-11-27T11:42:00.000Z"]);
  assert.deepEqual(findEarlier({ ...EMPTY, history: [], groups: [group()], charts }, { start: NOW - 5 * MINUTE_MS, end: NOW }, 60), []);
});

test("an API that refuses is a finding", () => {
  assert.deepEqual(textsOf({ problems: ["X-Ray answers with an error. Throttled."] }), ["error X-Ray answers with an error. Throttled."]);
});

test("serious findings come first", () => {
  const texts = textsOf({ services: [service({ deployments: [deployment({ state: "IN_PROGRESS" })] }), service({ name: "other", running: 0 })] });
  assert.deepEqual(texts.map((text) => text.split(" ")[0]), ["fault", "note"]);
});

test("results of GetMetricData become one row for each minute", () => {
  const sources = [{ key: "lb", metrics: [["requests"], ["p95"]] }];
  const results = [{ Id: "m0", Timestamps: [120, 60], Values: [7, 5] }, { Id: "m1", Timestamps: [120], Values: [0.5] }];
  assert.deepEqual(toRows(sources, results).get("lb"), [{ time: 60_000, requests: 5 }, { time: 120_000, requests: 7, p95: 0.5 }]);
});

test("sums of a longer period become those of a mean minute", () => {
  const sources = [{ key: "lb", metrics: [["requests", "", "", "Sum"], ["p95", "", "", "p95"]] }];
  const results = [{ Id: "m0", Timestamps: [120], Values: [8] }, { Id: "m1", Timestamps: [120], Values: [8] }];
  assert.deepEqual(toRows(sources, results, 240).get("lb"), [{ time: 120_000, requests: 2, p95: 8 }]);
});

test("the service graph becomes calls, and a histogram gives a percentile by nearest rank", () => {
  const statistics = { TotalCount: 2, TotalResponseTime: 3, ErrorStatistics: { TotalCount: 1 }, FaultStatistics: { TotalCount: 0 } };
  const edge = { ReferenceId: 2, SummaryStatistics: statistics, ResponseTimeHistogram: [{ Value: 2, Count: 1 }, { Value: 1, Count: 1 }] };
  const graph = { Services: [{ ReferenceId: 1, Name: "web", Type: "client", Edges: [edge] }, { ReferenceId: 2, Name: "web", Type: "AWS::ECS::Fargate", Edges: [] }] };
  assert.deepEqual(toCalls(graph), [{ from: "client", to: "web", type: "AWS::ECS::Fargate", count: 2, mean: 1.5, p95: 2, errors: 1, faults: 0 }]);
  assert.equal(percentile([{ Value: 3, Count: 1 }, { Value: 1, Count: 19 }], 0.95), 1);
});

test("events are joined, newest first, and their names are shortened", () => {
  const message = "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/mysfits-web/0000000000000000)";
  assert.equal(shortenEvent(message, "web"), "Registered 1 target in target group mysfits-web");
  assert.equal(shortenEvent("(service web) has started 1 tasks: (task 8b2e68ffc0af3e7afb6a946fd409aa51).", "web"), "Has started 1 task: (task 8b2e68ff).");
  assert.equal(shortenEvent("(service web) (deployment ecs-svc/4425700785804430816) deployment completed.", "web"), "Deployment 442570 completed.");
  assert.equal(shortenEvent("(service web, taskSet ecs-svc/4425700785804430816) has begun draining connections on 1 tasks.", "web"), "Deployment 442570 has begun draining connections on 1 task.");
  const ids = Array.from({ length: 5 }, (_, index) => `(task ${String(index).repeat(32)})`);
  assert.equal(shortenEvent(`(service web) has started 5 tasks: ${ids.join(" ")}.`, "web"), "Has started 5 tasks: (task 00000000) (task 11111111) and 3 more.");
  const services = [{ serviceName: "web", events: [{ id: "e1", createdAt: 10, message }, { id: "e2", createdAt: 9.5, message }] }];
  const history = [{ AlarmName: "a", Timestamp: 20, HistorySummary: "Alarm updated from OK to ALARM" }, { AlarmName: "a", Timestamp: 5, HistorySummary: "before the range" }];
  const events = joinEvents({ services, activities: [], history, alarms: [], policies: [] }, { start: 9_000, end: 30_000 });
  assert.deepEqual(events.map(({ kind, source, count }) => `${kind} ${source} ${count}`), ["alarm a 1", "service web 2"]);
});

test("first states of alarms are one event, and only a change to ALARM is marked", () => {
  const change = (AlarmName, Timestamp, from, to) => ({ AlarmName, Timestamp, HistorySummary: `Alarm updated from ${from} to ${to}` });
  const history = [change("a", 20, "OK", "ALARM"), change("a", 30, "ALARM", "OK"), ...["a", "b", "c"].map((name) => change(name, 10, "INSUFFICIENT_DATA", "OK")), change("d", 10, "INSUFFICIENT_DATA", "ALARM")];
  const events = joinEvents({ services: [], activities: [], history, alarms: [], policies: [] }, { start: 0, end: 60_000 });
  assert.deepEqual(events.map(({ kind, source }) => `${kind} ${source}`), ["quiet a", "alarm a", "quiet 3 alarms", "alarm d"]);
});

test("what ECS says about missing tasks holds until the service is steady again", () => {
  const event = (message) => ({ message: `(service web) ${message}` });
  const unable = event("was unable to place a task.");
  const steady = event("has reached a steady state.");
  assert.equal(problemOf({ serviceName: "web", events: [event("has started 1 tasks."), unable, steady] }), "was unable to place a task.");
  assert.equal(problemOf({ serviceName: "web", events: [steady, unable] }), undefined);
});

test("the state of a task joins what ECS and the load balancer say", () => {
  const task = (members) => ({ lastStatus: "RUNNING", desiredStatus: "RUNNING", attachments: [{ details: [{ name: "privateIPv4Address", value: "10.0.0.1" }] }], containers: [{ name: "web", healthStatus: "HEALTHY" }], ...members });
  const target = (State, Description) => [{ Target: { Id: "10.0.0.1", Port: "80" }, TargetHealth: { State, Description } }];
  assert.deepEqual(taskState(task(), target("healthy")), { state: "healthy" });
  assert.deepEqual(taskState(task(), target("unhealthy", "Request timed out")), { state: "unhealthy", reason: "Request timed out" });
  assert.equal(taskState(task({ lastStatus: "PENDING" }), target("healthy")).state, "starting");
  assert.equal(taskState(task({ desiredStatus: "STOPPED" }), target("draining")).state, "stopping");
  assert.deepEqual(taskState(task({ containers: [{ name: "web", healthStatus: "UNHEALTHY" }] }), target("healthy")), { state: "unhealthy", reason: "Container health check failed: web" });
});

let lab;
let browser;
let page;

before(async () => {
  [lab, browser] = await Promise.all([Lab.start({ options: ["--max-tasks", "1"] }), Browser.start()]);
  page = await browser.open(`${lab.endpoints.site}/console`);
});
after(() => Promise.all([lab?.stop(), browser?.stop()]));

const findings = () => page.locator(".unusual-list li");
const callAws = async (target, version, request) => {
  const headers = { "content-type": `application/x-amz-json-${version}`, "x-amz-target": target };
  const response = await fetch(lab.endpoints.aws, { method: "POST", headers, body: JSON.stringify(request) });
  assert.equal(response.status, 200);
  const text = await response.text();
  return text && JSON.parse(text);
};
const callEcs = (operation, request) => callAws(`AmazonEC2ContainerServiceV20141113.${operation}`, "1.1", request);

test("at rest the overview shows the way of a request and nothing unusual, although the scale-in alarm is in ALARM", async () => {
  await waitUntil(async () => (await callAws("GraniteServiceVersion20100801.DescribeAlarms", "1.0", { StateValue: "ALARM" })).MetricAlarms.length === 1);
  await page.locator(".timeline li", { hasText: "5 alarms" }).waitFor();
  await page.locator(".unusual .badge.ok").waitFor();
  assert.deepEqual(await page.locator(".flow-column > h3").allTextContents(), ["Clients", "Load balancer", "Target groups and their services", "Tables"]);
  await page.locator(".flow-rules").getByText("/mysfits/*/like").waitFor();
  assert.equal(await page.getByRole("img", { name: "Tasks: 1 healthy" }).count(), 2);
  await waitUntil(async () => await page.locator("path.flow-line").count() === 6);
});

test("a like appears in the calls within seconds", async () => {
  await lab.sendLike();
  await page.getByRole("row", { name: /client → like service/ }).waitFor();
});

test("an alarm in ALARM is a finding with a link to the alarm, and marks its target group", async () => {
  const { MetricAlarms } = await callAws("GraniteServiceVersion20100801.DescribeAlarms", "1.0", {});
  const { AlarmName } = MetricAlarms.find(({ MetricName }) => MetricName === "HTTPCode_Target_5XX_Count");
  const finding = findings().filter({ hasText: `Alarm ${AlarmName} is in ALARM.` });
  // The state lasts until the next evaluation, at the end of the minute, which may come before the page asks.
  await waitUntil(async () => {
    await callAws("GraniteServiceVersion20100801.SetAlarmState", "1.0", { AlarmName, StateValue: "ALARM", StateReason: "A test" });
    return finding.waitFor({ timeout: 15_000 }).then(() => true, () => false);
  });
  assert.equal(await finding.getByRole("link").getAttribute("href"), `/console/alarms/${AlarmName}`);
  await page.locator(".flow-card.fault", { hasText: "targets healthy" }).waitFor();
  await page.locator(".timeline li", { hasText: "Alarm updated from OK to ALARM" }).first().waitFor();
  await assertAccessible(page);
});

test("a missing task is a finding with the reason, and links to the service with the time range", async () => {
  const { clusterArns: [cluster] } = await callEcs("ListClusters", {});
  const { services } = await callEcs("DescribeServices", { cluster, services: (await callEcs("ListServices", { cluster })).serviceArns });
  const { serviceName: service } = services.find(({ loadBalancers }) => loadBalancers[0].containerName === "like-service");
  await page.getByRole("combobox", { name: "Time range" }).selectOption("last 1 hour");
  await callEcs("UpdateService", { cluster, service, desiredCount: 2 });
  const finding = findings().filter({ hasText: `${service}: 1 of 2 tasks running` });
  await finding.getByText("You've reached the limit on the number of tasks").waitFor();
  assert.equal(await finding.getByRole("link").getAttribute("href"), `/console/services/${service}?range=3600`);
  await page.locator(".flow-card.error", { hasText: "1 of 2 tasks" }).waitFor();
  await saveScreenshot(page, "overview");
  await callEcs("UpdateService", { cluster, service, desiredCount: 1 });
  await finding.waitFor({ state: "detached" });
});

test("Back takes a chosen time range back, and the page shows the one before", async () => {
  const chosen = page.getByRole("combobox", { name: "Time range" });
  const before = await chosen.inputValue();
  await chosen.selectOption("last 6 hours");
  await page.waitForURL(/range=21600/);
  await page.goBack();
  await waitUntil(async () => await chosen.inputValue() === before);
  assert(!page.url().includes("21600"));
});

test("the figures of a minute appear at its end, and many 4xx responses are a finding", async () => {
  const statuses = await Promise.all(Array.from({ length: 12 }, () => fetch(`${lab.endpoints.alb}/mysfits/unknown-${MYSFIT_ID}`).then(({ status }) => status)));
  assert(statuses.every((status) => status === 404));
  const finding = findings().filter({ hasText: /requests got a 4xx response in the last 5 minutes \(target group mysfits-monolith\)/ });
  await finding.waitFor({ timeout: 90_000 });
  await page.locator(".flow-card", { hasText: "requests/min" }).first().locator("strong").filter({ hasNotText: /^0$/ }).waitFor();
});

test("the overview is accessible in the dark and on a small screen", async () => {
  for (const options of [{ colorScheme: "dark" }, { viewport: { width: 360, height: 740 } }]) {
    const other = await browser.open(`${lab.endpoints.site}/console`, options);
    await other.locator(".flow-card").first().waitFor();
    await assertAccessible(other);
    assert.deepEqual(other.errors, []);
    await other.context().close();
  }
});

test("the first load of the overview and of the metrics, which have the charts, is below 200 kB compressed, and from the lab alone", async () => {
  for (const path of ["/console", "/console/metrics"]) {
    const other = await browser.open("about:blank");
    const responses = [];
    other.on("response", (response) => responses.push(response));
    await other.goto(lab.endpoints.site + path);
    await other.getByText("Updated at").waitFor();
    const files = responses.filter((response) => !new URL(response.url()).pathname.startsWith("/aws/"));
    let compressedBytes = 0;
    for (const file of files) {
      assert.equal(new URL(file.url()).origin, lab.endpoints.site);
      compressedBytes += gzipSync(await file.body()).length;
    }
    console.log(`first load of ${path}: ${files.length} files, ${(compressedBytes / 1000).toFixed(1)} kB compressed`);
    assert(files.length > 10 && compressedBytes < 200_000, `${files.length} files, ${compressedBytes} bytes`);
    await other.context().close();
  }
});

test("the page says that the lab does not answer, keeps what it shows, and reports no error", async () => {
  await page.route("**/aws/**", (route) => route.abort());
  await page.getByText("The lab does not answer. The page shows the state of", { exact: false }).waitFor();
  assert(await page.locator(".flow-card").count() > 0);
  assert.deepEqual(page.errors.filter((text) => !text.includes("ERR_FAILED")), []);
});
