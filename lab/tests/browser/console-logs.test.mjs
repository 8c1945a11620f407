// The logs page of the console: lab 2 without a terminal, and many lines.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, Lab, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";
import { countLines, describeBuckets } from "../../pages/logs/buckets.js";
import { describeRow, isMetric, severity } from "../../pages/logs/lines.js";
import { addCondition, readError } from "../../pages/logs/pattern.js";
import { EMPTY, addNewer, addOlder } from "../../pages/logs/window.js";

const HOUR_MS = 3_600_000;

let lab;
let browser;

before(async () => {
  [browser, lab] = await Promise.all([Browser.start(), Lab.start({ env: { CHAOS_STRESS_CPU_MS: "50-60" } })]);
  for (let count = 0; count < 10; count += 1) await lab.sendLike();
});

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

const TARGETS = { logs: "Logs_20140328", ecs: "AmazonEC2ContainerServiceV20141113" };

/** Calls an operation at the AWS endpoint. */
async function call(service, operation, request = {}) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${TARGETS[service]}.${operation}` };
  const response = await fetch(lab.endpoints.aws, { method: "POST", headers, body: JSON.stringify(request) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text ? JSON.parse(text) : {};
}

const findEvents = async (group, filterPattern) => (await call("logs", "FilterLogEvents", { logGroupName: group, filterPattern })).events;
const findLikeGroup = async () => (await call("logs", "DescribeLogGroups")).logGroups.map(({ logGroupName }) => logGroupName).find((name) => name.includes("Like"));

async function openLogs(parameters = {}, options) {
  const page = await browser.open(`${lab.endpoints.site}/console/logs?${new URLSearchParams(parameters)}`, options);
  await page.locator(".log-line, .log-empty, #log-pattern-error p").first().waitFor();
  return page;
}

/** How long the page may be busy with the lines of five seconds. */
const MAX_BUSY_MS = 2500;

const findLines = (page) => page.locator(".log-line");
const pattern = (page) => page.getByRole("searchbox", { name: /^Filter pattern/ });
/** How many lines the page has. */
const readCount = async (page) => Number((await page.locator(".log-bar > span").first().textContent()).match(/[\d,]+/)[0].replaceAll(",", ""));

async function searchFor(page, text) {
  await pattern(page).fill(text);
  await page.getByRole("button", { name: "Search" }).click();
}

/** Waits until the page has as many lines as the API finds. New lines may come between two looks. */
const waitForSameCount = (page, group, text) => waitUntil(async () => {
  const events = await findEvents(group, text);
  return await readCount(page) === events.filter(({ message }) => !isMetric(message)).length;
});

test("lab 2.1: the newest stream, lines with POST, lines without GET, and slow or failed likes are found in the page", async () => {
  const group = await findLikeGroup();
  const page = await openLogs();
  await page.getByRole("link", { name: group }).click();
  const { logStreams } = await call("logs", "DescribeLogStreams", { logGroupName: group, orderBy: "LastEventTime", descending: true });
  const streams = page.locator(".log-side ul").last().getByRole("link");
  await waitUntil(async () => await streams.count() === logStreams.length + 1);
  const titles = await streams.evaluateAll((links) => links.map((link) => link.title));
  assert.deepEqual(titles.slice(1).sort(), logStreams.map(({ logStreamName }) => logStreamName).sort());
  assert.equal(new URL(page.url()).searchParams.get("group"), group);

  await searchFor(page, "POST");
  await waitForSameCount(page, group, "POST");
  assert.equal(await readCount(page), 10);
  await searchFor(page, "-GET");
  await waitForSameCount(page, group, "-GET");
  const failed = '{ $.method = "POST" && ($.status >= 400 || $.ms > 1000) }';
  await searchFor(page, failed);
  const expected = await findEvents(group, failed);
  assert(expected.length > 0);
  await waitUntil(async () => await readCount(page) === expected.length);

  await streams.nth(1).click();
  const newest = titles[1];
  await waitUntil(async () => await readCount(page) === expected.filter(({ logStreamName }) => logStreamName === newest).length);
  assert.equal(new URL(page.url()).searchParams.get("stream"), newest);

  // Back undoes the choice of the stream, the search, and the search before.
  await page.goBack();
  await waitUntil(async () => await readCount(page) === expected.length);
  assert.equal(new URL(page.url()).searchParams.get("stream"), null);
  await page.goBack();
  await waitForSameCount(page, group, "-GET");
  assert.equal(await pattern(page).inputValue(), "-GET");
  assert.deepEqual(page.errors, []);
});

test("the fields of a line are shown, extend the pattern, and lead to the trace, the task and the neighbours", async () => {
  const group = await findLikeGroup();
  const page = await openLogs({ group, pattern: "POST" });
  await findLines(page).last().click();
  const [event] = (await findEvents(group, "POST")).slice(-1);
  const fields = JSON.parse(event.message);
  const details = page.getByRole("region", { name: "Details of the line" });
  const shown = await details.locator("tr").evaluateAll((rows) => rows.map((row) => [row.cells[0].textContent, row.cells[1].textContent]));
  assert.deepEqual(shown, Object.entries(fields).map(([name, value]) => [name, String(value)]));
  await page.locator("#log-follow", { hasText: "Paused while a line is open." }).waitFor();

  const task = event.logStreamName.split("/").pop();
  assert.equal(new URL(await details.getByRole("link", { name: fields.trace_id }).getAttribute("href"), page.url()).pathname, `/traces/${fields.trace_id}`);
  const taskLink = details.getByRole("link", { name: `${task.slice(0, 8)} of ` });
  await taskLink.waitFor();
  assert.match(await taskLink.getAttribute("href"), new RegExp(`^/console/services/[^/]*Like[^/]*\\?task=${task}$`));

  await details.getByRole("button", { name: "Neighbours in the stream" }).click();
  const neighbours = page.getByRole("dialog").locator("li");
  await neighbours.first().waitFor();
  assert.match(await page.getByRole("dialog").locator("[aria-current]").textContent(), new RegExp(fields.trace_id));
  assert(await neighbours.count() > 1);
  await assertAccessible(page);
  await page.keyboard.press("Escape");

  await details.getByRole("button", { name: "Only lines with status = 404" }).or(details.getByRole("button", { name: "Only lines with status = 200" })).click();
  assert.equal(await pattern(page).inputValue(), `POST ${fields.status}`);
  await searchFor(page, "{ $.method = POST }");
  await waitUntil(async () => await readCount(page) === 10);
  await findLines(page).last().click();
  await details.getByRole("button", { name: `Only lines without status = ${fields.status}` }).click();
  const other = `{ $.method = POST && $.status != ${fields.status} }`;
  assert.equal(await pattern(page).inputValue(), other);
  await waitForSameCount(page, group, other);
  assert.deepEqual(page.errors, []);
});

test("an invalid pattern is marked at its position, and the API's words are shown", async () => {
  const page = await openLogs();
  await searchFor(page, "WARN:");
  const alert = page.locator("#log-pattern-error");
  await alert.locator("mark", { hasText: ":" }).waitFor();
  assert.match(await alert.textContent(), /Invalid character\(s\) in term ':', at position 5/);
  assert.equal(await pattern(page).getAttribute("aria-invalid"), "true");
  // The lines of the search before stay, and the page says so.
  await page.getByText("These are still the lines of the search before.").waitFor();
  assert(await findLines(page).count() > 0);
  await assertAccessible(page);
  await searchFor(page, '"WARN:"');
  await page.locator(".log-empty", { hasText: "No line of this time range matches the pattern." }).waitFor();
  await page.getByRole("button", { name: "Show all lines" }).click();
  await findLines(page).first().waitFor();
});

test("metric lines are hidden until the reader asks for them", async () => {
  const group = await findLikeGroup();
  await waitUntil(async () => (await findEvents(group, "")).some(({ message }) => isMetric(message)));
  const page = await openLogs({ group });
  await page.locator(".log-bar", { hasText: "metric lines are hidden" }).waitFor();
  assert.equal(await page.getByText("_aws").count(), 0);
  await page.getByRole("switch", { name: "show metric lines" }).check();
  await findLines(page).filter({ hasText: "_aws" }).first().waitFor();
  assert.equal(new URL(page.url()).searchParams.get("metrics"), "on");
});

test("new lines are followed, until the reader scrolls up", async () => {
  const group = await findLikeGroup();
  const page = await openLogs({ group });
  await page.locator("#log-follow", { hasText: "Following new lines." }).waitFor();
  const trace = "1-5759e988-bd862e3fe1be46a994272793";
  const sendLike = () => fetch(`${lab.endpoints.alb}/mysfits/none/like`, { method: "POST", headers: { "X-Amzn-Trace-Id": `Root=${trace}` } });
  await sendLike();
  const line = findLines(page).filter({ hasText: trace });
  await line.first().waitFor();
  // The window is small, so that there is something to scroll.
  await page.setViewportSize({ width: 1280, height: 420 });
  await waitUntil(() => page.locator(".log-scroll").evaluate((it) => it.scrollTop > 60));
  await page.locator(".log-scroll").hover();
  await page.mouse.wheel(0, -4000);
  await page.locator("#log-follow", { hasText: "Paused." }).waitFor();
  const top = await page.locator(".log-scroll").evaluate((it) => it.scrollTop);
  await sendLike();
  await page.locator(".log-bar", { hasText: /\d+ new/ }).waitFor();
  assert.equal(await page.locator(".log-scroll").evaluate((it) => it.scrollTop), top);
  await page.getByRole("button", { name: "Follow" }).click();
  await waitUntil(() => page.locator(".log-scroll").evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight < 2));
  await page.locator("#log-follow", { hasText: "Following new lines." }).waitFor();
});

test("lines are read with the keyboard, and Escape leads back from the details", async () => {
  const page = await openLogs();
  await page.locator('.log-line[tabindex="0"]').focus();
  const readIndex = () => page.evaluate(() => Number(document.activeElement.dataset.index));
  const last = await readIndex();
  await page.keyboard.press("ArrowUp");
  assert.equal(await readIndex(), last - 1);
  await page.locator("#log-follow", { hasText: "Paused." }).waitFor();
  await page.keyboard.press("Home");
  assert.equal(await readIndex(), 0);
  await page.keyboard.press("Enter");
  const details = page.getByRole("region", { name: "Details of the line" });
  await details.waitFor();
  assert.equal(await readIndex(), 0);
  await details.getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Escape");
  await details.waitFor({ state: "detached" });
  assert.equal(await readIndex(), 0);
});

test("a drag on the histogram selects the time range", async () => {
  const page = await openLogs({ range: "300" });
  await page.locator(".log-histogram svg").hover();
  const box = await page.locator(".log-histogram svg").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 20, { steps: 4 });
  await page.mouse.up();
  const parameters = new URL(page.url()).searchParams;
  const seconds = (Date.parse(parameters.get("to")) - Date.parse(parameters.get("from"))) / 1000;
  assert(seconds > 100 && seconds < 140, `${seconds}`);
  assert.equal(await page.locator("#frame-live").isChecked(), false);
});

/** Stores events without a task: `count` lines, one each `stepMs`, the last one now. */
async function storeLines(group, stream, count, stepMs) {
  await call("logs", "CreateLogStream", { logGroupName: group, logStreamName: stream });
  const first = Date.now() - count * stepMs;
  for (let start = 0; start < count; start += 10_000) {
    const logEvents = Array.from({ length: Math.min(10_000, count - start) }, (_, index) =>
      ({ timestamp: Math.floor(first + (start + index) * stepMs), message: `{"level":"INFO","message":"line","number":${start + index}}` }));
    await call("logs", "PutLogEvents", { logGroupName: group, logStreamName: stream, logEvents });
  }
}

test("100,000 lines are searched and scrolled from the newest to the oldest, with few rows in the document", async () => {
  const group = "many";
  await call("logs", "CreateLogGroup", { logGroupName: group });
  await storeLines(group, "stream", 100_000, 15);
  const startMs = performance.now();
  const page = await openLogs({ group, pattern: "{ $.number = 99999 }" });
  await findLines(page).filter({ hasText: "number=99999" }).waitFor();
  console.log(`one of 100,000 lines is found and shown after ${Math.round(performance.now() - startMs)} ms`);
  await searchFor(page, "");
  await findLines(page).filter({ hasText: "number=99999" }).waitFor();
  // What is not loaded yet comes while the reader scrolls up.
  const scroller = page.locator(".log-scroll");
  await waitUntil(async () => await readCount(page) >= 10_000);
  const readNumbers = () => findLines(page).locator(".log-text").evaluateAll((lines) => lines.map((line) => Number(line.textContent.match(/number=(\d+)/)[1])));
  await scroller.evaluate((it) => { it.scrollTop = 0; });
  await waitUntil(async () => (await readNumbers())[0] < 90_000);
  const numbers = await readNumbers();
  assert(numbers.length < 100, `${numbers.length} rows`);
  assert.deepEqual(numbers, Array.from(numbers, (_, index) => numbers[0] + index));

  await page.getByRole("button", { name: "Oldest" }).click();
  await findLines(page).filter({ hasText: /number=0$/ }).waitFor();
  assert.deepEqual((await readNumbers()).slice(0, 20), Array.from({ length: 20 }, (_, index) => index));
  // From the oldest lines on, the newer ones come at the end, and the window stays bounded.
  for (let reached = 0; reached < 25_000;) {
    await scroller.evaluate((it) => { it.scrollTop = it.scrollHeight; });
    await waitUntil(async () => (await readNumbers()).at(-1) > reached);
    reached = (await readNumbers()).at(-1);
    await waitUntil(async () => await scroller.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight > 1000));
  }
  const rows = await readNumbers();
  assert.deepEqual(rows, Array.from(rows, (_, index) => rows[0] + index));
  assert(await readCount(page) <= 20_000);
  await page.getByRole("button", { name: "Newest" }).or(page.getByRole("button", { name: "Follow" })).click();
  await findLines(page).filter({ hasText: "number=99999" }).waitFor();
  assert.deepEqual(page.errors, []);
});

test("1,000 lines a second are followed without a freeze", async () => {
  const group = "fast";
  await call("logs", "CreateLogGroup", { logGroupName: group });
  await call("logs", "CreateLogStream", { logGroupName: group, logStreamName: "stream" });
  const page = await openLogs({ group });
  // Processor time does not depend on other programs.
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const readBusyMs = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  const busyMsBefore = await readBusyMs();
  let number = 0;
  const endMs = performance.now() + 5000;
  for (let sentMs = performance.now(); sentMs < endMs; sentMs = performance.now()) {
    const now = Date.now();
    const logEvents = Array.from({ length: 250 }, () => ({ timestamp: now, message: `{"level":"INFO","message":"line","number":${number++}}` }));
    await call("logs", "PutLogEvents", { logGroupName: group, logStreamName: "stream", logEvents });
    // The rate is 1,000 lines in a second, whatever the machine does.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 250 - (performance.now() - sentMs))));
  }
  await findLines(page).filter({ hasText: `number=${number - 1}` }).waitFor();
  assert.equal(await readCount(page), number);
  const busyMs = await readBusyMs() - busyMsBefore;
  console.log(`${number} lines in 5 s: the page was busy for ${Math.round(busyMs)} ms`);
  assert(busyMs > 0 && busyMs < MAX_BUSY_MS, `${busyMs} ms`);
  assert.match(await page.locator("#log-follow").textContent(), /Following/);
  assert.deepEqual(page.errors, []);
});

test("lab 2.3: after the log level is DEBUG, the warnings are found in the page", async () => {
  const group = await findLikeGroup();
  const { clusterArns: [cluster] } = await call("ecs", "ListClusters");
  const { serviceArns } = await call("ecs", "ListServices", { cluster });
  const service = serviceArns.find((arn) => arn.includes("Like"));
  const { services: [{ taskDefinition: used }] } = await call("ecs", "DescribeServices", { cluster, services: [service] });
  const { taskDefinition } = await call("ecs", "DescribeTaskDefinition", { taskDefinition: used });
  const members = ["family", "cpu", "memory", "networkMode", "requiresCompatibilities", "runtimePlatform", "taskRoleArn", "executionRoleArn", "containerDefinitions"];
  const registration = Object.fromEntries(members.filter((name) => taskDefinition[name] !== undefined).map((name) => [name, taskDefinition[name]]));
  registration.containerDefinitions[0].environment.find(({ name }) => name === "LOGLEVEL").value = "DEBUG";
  const { taskDefinition: { taskDefinitionArn } } = await call("ecs", "RegisterTaskDefinition", registration);
  await call("ecs", "UpdateService", { cluster, service, taskDefinition: taskDefinitionArn });
  await waitUntil(async () => (await call("ecs", "DescribeServices", { cluster, services: [service] })).services[0].deployments.length === 1);
  for (let count = 0; count < 6; count += 1) await lab.sendLike();
  const page = await openLogs({ group, range: "900" });
  // The stream of the task of the old revision is marked.
  await page.locator(".log-side a", { hasText: /ended/ }).first().waitFor();
  await searchFor(page, '"WARN:"');
  await waitUntil(async () => await readCount(page) === (await findEvents(group, '"WARN:"')).length && await readCount(page) > 0);
  assert.equal(await findLines(page).filter({ hasText: "WARN:" }).count(), await findLines(page).count());
  await saveScreenshot(page, "console-logs");
  assert.deepEqual(page.errors, []);
});

test("the page is accessible and does not scroll horizontally: light, dark, narrow and wide", async () => {
  for (const options of [{}, { colorScheme: "dark" }, { viewport: { width: 360, height: 740 } }, { viewport: { width: 1920, height: 1080 }, colorScheme: "dark" }]) {
    const page = await openLogs({}, options);
    await assertAccessible(page);
    await page.getByText("Patterns", { exact: true }).click();
    await page.getByText("The same with the AWS CLI").click();
    await findLines(page).last().click();
    await page.getByRole("region", { name: "Details of the line" }).locator("table").waitFor();
    await assertAccessible(page);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
});

test("a field is added to a pattern of JSON as a condition, and to a pattern of terms as a term", () => {
  for (const [before, path, value, isExcluded, after] of [
    ["", ["status"], 404, false, "{ $.status = 404 }"],
    ["{ $.a = 1 || $.b = 2 }", ["c"], "x \"y\"", true, '{ ($.a = 1 || $.b = 2) && $.c != "x \\"y\\"" }'],
    ["{ $.a = 1 }", ["chaos.fault"], null, false, "{ $.a = 1 && $.['chaos.fault'] IS NULL }"],
    ["{ $.a = 1 }", ["b", 0], true, true, "{ $.a = 1 && $.b[0] IS FALSE }"],
    ["POST", ["path"], "/", true, 'POST -"/"'],
    ["POST", ["path"], "x", false, "POST x"],
    ["?a ?b", ["path"], "x", false, '{ $.path = "x" }'],
    ["", ["a"], null, true, ""],
  ]) assert.equal(addCondition(before, path, value, isExcluded), after);
  assert.deepEqual(readError("Invalid filter pattern: The closing \" is missing (position 3)"), { reason: "Invalid filter pattern: The closing \" is missing", position: 3 });
  assert.deepEqual(readError("Invalid filter pattern"), { reason: "Invalid filter pattern" });
});

test("the window is bounded, has no line twice, and grows at both ends", () => {
  const event = (number, timestamp = number) => ({ eventId: String(number).padStart(4, "0"), timestamp, message: "", logStreamName: "" });
  const read = ({ eventId, timestamp }) => ({ id: eventId, time: timestamp });
  const ids = ({ lines }) => lines.map(({ id }) => Number(id));
  const options = (hasMore) => ({ hasMore, read, limit: 4 });
  let { window } = addOlder(EMPTY, [event(5), event(6, 5)], options(true));
  ({ window } = addOlder(window, [event(4, 5), event(5)], options(true)));
  assert.deepEqual([ids(window), window.hasOlder, window.hasNewer], [[4, 5, 6], true, false]);
  let result = addNewer(window, [event(6, 5), event(7), event(8)], options(false));
  assert.deepEqual([ids(result.window), result.added, result.dropped, result.window.hasOlder], [[5, 6, 7, 8], 2, 1, true]);
  result = addOlder(result.window, [event(3), event(4, 5), event(5)], options(false));
  assert.deepEqual([ids(result.window), result.added, result.window.hasOlder, result.window.hasNewer], [[3, 4, 5, 6], 2, false, true]);
  assert.deepEqual(result.window.newest, { time: 5, ids: new Set(["0004", "0005", "0006"]) });
});

test("lines are described by level, status and fields", () => {
  assert.equal(severity('{"level":"INFO","status":503}'), "error");
  assert.equal(severity('{"level":"INFO","status":404}'), "warning");
  assert.equal(severity('{"level":"WARN"}'), "warning");
  assert.equal(severity("2026-11-27 ERROR no database"), "error");
  assert.equal(severity('{"level":"INFO","text":"ERROR"}'), "other");
  assert.deepEqual(describeRow('{"level":"INFO","message":"access","trace_id":"1","path":"/a/long/path/with/many/parts","status":200,"a":{"b":[1,null]}}'),
    { level: "INFO", text: "access", pairs: [["status", "200"], ["a.b.0", "1"], ["a.b.1", "null"], ["path", "/a/long/path/with/many/parts"], ["trace_id", "1"]] });
  assert.deepEqual(describeRow("text"), { level: "", text: "text", pairs: [] });
});

test("the buckets of the histogram do not move while time passes, and count each line once", () => {
  const end = 30 * HOUR_MS + 12_345;
  const lines = [end - 1, end - 60_000, end - HOUR_MS - 1e6].map((time) => ({ time, severity: "other" }));
  const starts = (now) => countLines(lines, { start: now - HOUR_MS, end: now }, 90).map(({ start }) => start);
  assert.deepEqual(starts(end).slice(1), starts(end + 59_000).slice(0, -1).slice(0, starts(end).length - 1));
  assert.equal(describeBuckets(countLines(lines, { start: end - HOUR_MS, end }, 90), () => "noon"), "2 lines: 0 errors, 0 warnings. Most at noon.");
});
