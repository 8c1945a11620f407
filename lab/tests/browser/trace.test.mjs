// The page of one trace in a real browser, with a running lab: conclusion, waterfall, details and log lines.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Browser, Lab, MYSFIT_ID, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

let lab;
let browser;
let tracesUrl;
/** A like answered 404, and a slow like whose trace has the segments of both services. */
let lostLike;
let slowLike;

before(async () => {
  browser = await Browser.start();
  lab = await Lab.start({ options: ["--loglevel", "DEBUG"] });
  tracesUrl = `${lab.endpoints.site}/traces`;
  const find = async (filter) => (await lab.findTraces(filter)).at(0);
  await waitUntil(async () => {
    await lab.sendLike();
    lostLike = await find("error AND !partial");
    slowLike = await find('responsetime > 1 AND service("MysfitsTable") AND !partial');
    return lostLike && slowLike;
  });
});

// A page that stays open keeps asking the lab.
afterEach(() => Promise.all(browser.chromium.contexts().map((context) => context.close())));

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

const openTrace = async ({ Id }, options) => {
  const page = await browser.open(`${tracesUrl}/${Id}`, options);
  await page.locator("#waterfall button").first().waitFor();
  return page;
};

test("a like answered 404 opens from the list, and its page says where the status comes from", async () => {
  const page = await browser.open(`${tracesUrl}?filter=error`);
  await page.locator(`#trace-list tr[data-id="${lostLike.Id}"] a`).click();
  await page.waitForURL(/\/traces\/1-/);
  assert.match(await page.locator("#conclusion").textContent(), /The status 404 comes from like service, which called nothing else\.$/);
  await page.locator("#waterfall button").first().click();
  await page.locator("#details h2", { hasText: "like service" }).waitFor();
  const details = (await page.locator("#details").textContent()).replace(/\s+/g, "");
  for (const text of ["outcomeerror", "chaos_faultnot_found", `mysfit_id${MYSFIT_ID}`, "status404"]) assert(details.includes(text), `${text}: ${details}`);
  assert.equal(await page.locator("#waterfall li").count(), 1);
  // The link back keeps the filter of the list.
  await page.click("#all-traces");
  await page.locator("#trace-list tr").first().waitFor();
  assert.equal(await page.inputValue("#filter"), "error");
  assert.deepEqual(page.errors, []);
});

test("a slow like has a waterfall with a time axis, and its page says which service took the time", async () => {
  const page = await openTrace(slowLike);
  await page.locator("#waterfall li").nth(4).waitFor();
  const lines = (await page.locator("#waterfall button").allTextContents()).map((it) => it.replace(/\s+/g, " ").trim());
  const expectedStarts = ["like service 200 segment, ", "monolith 200 subsegment, ", "monolith 200 segment, ", "DynamoDB 200 subsegment, ", "DynamoDB 200 inferred, "];
  assert.deepEqual(lines.map((line, index) => line.slice(0, expectedStarts[index].length)), expectedStarts);
  assert.match(lines[0], /, ◷ most of the time: [1-9]\d*\.\d\d s$/);
  assert.equal(await page.locator("#waterfall .longest").count(), 1);
  await page.locator("main .badge", { hasText: "slow" }).waitFor();
  await page.getByRole("heading", { level: 1, name: /^POST \/mysfits\/Evangeline\/like · 200 · [\d.]+ s$/ }).waitFor();
  assert.match(await page.locator("#conclusion").textContent(), /^\d+(\.\d)? % of the time was spent in like service itself\.$/);
  const ticks = await page.locator(".axis text").allTextContents();
  assert.equal(ticks[0], "0");
  assert(ticks.length >= 3, String(ticks));
  await page.locator("#waterfall button").nth(3).click();
  await page.click("#details summary:has-text('Raw JSON')");
  const segment = JSON.parse(await page.locator("#details pre").textContent());
  assert.equal(segment.aws.table_name, lab.endpoints.table);
  await saveScreenshot(page, "trace");
  await assertAccessible(page);
  // A second click closes the details.
  await page.locator("#waterfall button").nth(3).click();
  await page.locator("#details").waitFor({ state: "hidden" });
  assert.deepEqual(page.errors, []);
});

test("the page shows the log lines of the trace by task, from all log groups", async () => {
  const page = await openTrace(slowLike);
  await page.locator(".task-log", { hasText: "monolith-service" }).waitFor();
  const tasks = page.locator(".task-log");
  assert.equal(await tasks.count(), 2);
  const ids = lab.endpoints.tasks.map(({ id }) => id);
  for (const text of await tasks.locator("h3").allTextContents()) assert(ids.some((id) => text.includes(`task ${id.slice(0, 8)} of Mythical-`)), text);
  const taskLink = new URL(await tasks.first().locator("h3 a").getAttribute("href"), tracesUrl);
  assert(ids.includes(taskLink.searchParams.get("task")), taskLink.href);
  const lines = await tasks.first().locator("tr").allTextContents();
  const texts = ["Like received.", "WARN: stress function activated", "Like processed.", "access"];
  assert.deepEqual(texts.filter((text) => lines.some((line) => line.includes(text))), texts);
  const link = new URL(await tasks.first().getByRole("link", { name: "Show in the logs" }).getAttribute("href"), tracesUrl);
  assert.equal(link.pathname, "/console/logs");
  assert.equal(link.searchParams.get("pattern"), `"${slowLike.Id}"`);
  assert(Date.parse(link.searchParams.get("from")) < slowLike.StartTime * 1000);
});

test("a trace in progress is shown, and completed when its segment arrives", async () => {
  const start = Math.floor(Date.now() / 1000);
  const open = { trace_id: `1-${start.toString(16)}-00000000000000000000beef`, id: "00000000000000aa", name: "shop", start_time: start, in_progress: true };
  const put = (segment) => lab.callXray("TraceSegments", { TraceSegmentDocuments: [JSON.stringify(segment)] });
  await put(open);
  const page = await openTrace({ Id: open.trace_id });
  await page.locator("#trace-status", { hasText: "1 still in progress" }).waitFor();
  assert.equal(await page.locator("#conclusion").count(), 0);
  await page.locator("#waterfall button").click();
  await put({ ...open, in_progress: undefined, end_time: start + 0.5 });
  await page.locator("#conclusion", { hasText: "100 % of the time was spent in shop itself." }).waitFor();
  // The selected line stays selected.
  assert.equal(await page.locator("#waterfall button").getAttribute("aria-pressed"), "true");
  await page.locator("#trace-logs", { hasText: "No log line has this trace id." }).waitFor();
});

test("the page of an unknown trace says that X-Ray does not know the trace", async () => {
  const page = await browser.open(`${tracesUrl}/1-00000000-000000000000000000000000`);
  await page.locator("#trace-status", { hasText: "does not know this trace" }).waitFor();
  await assertAccessible(page);
});

test("the page has no accessibility errors in dark mode and on a narrow screen", async () => {
  for (const [name, options] of [["dark-trace", { colorScheme: "dark" }], ["narrow-trace", { viewport: { width: 360, height: 740 } }]]) {
    const page = await openTrace(slowLike, options);
    await page.locator(".task-log").first().waitFor();
    await page.locator("#waterfall button").first().click();
    await saveScreenshot(page, name);
    await assertAccessible(page);
    assert.deepEqual(page.errors, []);
  }
});
