// The traces page with 10,000 traces, and with a map that is too large, in a real browser.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Browser, Lab, assertAccessible, saveScreenshot } from "./lab.mjs";

/** X-Ray may hold a few traces of the lab's own start besides these. */
const TRACES = 10_000;
const SLOW_TRACES = TRACES / 10;

/** The longest processor time of the page's thread for one action, in milliseconds. In this time the page does not respond to input. */
const MAX_ACTION_MS = 500;

let lab;
let browser;
let tracesUrl;

const segmentId = (number) => number.toString(16).padStart(16, "0");

const putSegments = (segments) => lab.callXray("TraceSegments", { TraceSegmentDocuments: segments.map((segment) => JSON.stringify(segment)) });

before(async () => {
  browser = await Browser.start();
  lab = await Lab.start({ options: ["--chaos", "off"] });
  tracesUrl = `${lab.endpoints.site}/traces`;
  const now = Math.floor(Date.now() / 1000);
  // One in ten takes 2 seconds, and one in a hundred fails.
  const createSegment = (number) => {
    const start = now - 60 - Math.floor(number / 100);
    const status = number % 100 === 99 ? 500 : 200;
    return {
      trace_id: `1-${start.toString(16)}-${segmentId(number)}00000000`, id: segmentId(1), name: "shop", start_time: start, end_time: start + (number % 10 ? 0.01 : 2),
      http: { request: { method: "GET", url: `http://shop.example/items/${number}` }, response: { status } }, ...(status === 500 && { fault: true }),
    };
  };
  for (let first = 0; first < TRACES; first += 50) await putSegments(Array.from({ length: 50 }, (_, index) => createSegment(first + index)));
});

// A page that stays open keeps asking the lab.
afterEach(() => Promise.all(browser.chromium.contexts().map((context) => context.close())));

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

const waitForStatus = (page, text) => page.locator("#query-status", { hasText: text }).waitFor();

/** Returns a function that runs an action and asserts how long the page's thread was busy. Processor time does not depend on other programs. */
async function createMeter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const readBusyMs = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  return async (name, action) => {
    const before = await readBusyMs();
    await action();
    const busyMs = await readBusyMs() - before;
    console.log(`${name}: ${Math.round(busyMs)} ms`);
    assert(busyMs > 0 && busyMs < MAX_ACTION_MS, `${name}: ${busyMs} ms`);
  };
}

test("ten thousand traces are listed, sorted and filtered, and the page stays responsive", async () => {
  const page = await browser.open(`${tracesUrl}?live=off`);
  await waitForStatus(page, /^(at least )?100\d\d traces scanned, (at least )?100\d\d found/);
  assert.equal(await page.locator("#trace-list tr").count(), 25);
  await page.click("#more-traces");
  assert.equal(await page.locator("#trace-list tr").count(), 50);
  assert(await page.evaluate(() => document.activeElement.closest("tr") === document.querySelectorAll("#trace-list tr")[25]));

  const measure = await createMeter(page);
  await measure("sort by response time", () => page.click('[data-column="responsetime"]'));
  assert.equal(await page.locator("#trace-list tr").first().locator(".responsetime .slow").textContent(), "◷ slow: 2.00 s");
  await measure("sort by request", () => page.click('[data-column="request"]'));
  assert.equal(await page.locator("#trace-list tr").nth(1).locator("a").textContent(), "GET /items/1");
  await measure("type a character", () => page.locator("#filter").press("o"));
  await page.fill("#filter", "");

  await page.locator(".chip", { hasText: "slow" }).click();
  await waitForStatus(page, `${SLOW_TRACES} match.`);
  await page.locator('#map .node[aria-label^="shop"]', { hasText: `${SLOW_TRACES} of ${SLOW_TRACES} slow` }).waitFor();
  // The graph of nearly all traces is asked for by their ids.
  await page.fill("#filter", "!fault");
  await page.press("#filter", "Enter");
  await waitForStatus(page, /99\d\d match/);
  assert.deepEqual(page.errors, []);
});

test("Back returns to the same rows, scroll position and focus", async () => {
  const page = await browser.open(`${tracesUrl}?sort=-status`);
  await page.locator("#more-traces").click();
  const link = page.locator("#trace-list tr").nth(40).locator("a");
  await link.scrollIntoViewIfNeeded();
  const [href, top] = await link.evaluate((it) => [it.getAttribute("href"), it.getBoundingClientRect().top]);
  await link.click();
  await page.locator("#waterfall button").first().waitFor();
  await page.goBack();
  await page.waitForFunction((it) => document.activeElement?.getAttribute("href") === it, href);
  assert.equal(await page.locator("#trace-list tr").count(), 50);
  const newTop = await page.evaluate(() => document.activeElement.getBoundingClientRect().top);
  assert(Math.abs(newTop - top) < 2, `${newTop} instead of ${top}`);
  assert.equal(await page.locator("th", { hasText: "Status" }).getAttribute("aria-sort"), "descending");
});

test("a map with more than 500 nodes and edges is replaced by a message, and the traces are still listed", async () => {
  const start = Math.floor(Date.now() / 1000) - 30;
  const subsegment = (number) => ({ id: segmentId(number), name: `host-${number}.example`, namespace: "remote", start_time: start, end_time: start + 0.1 });
  const traceId = `1-${start.toString(16)}-0000000000000000000000ff`;
  for (const [service, first] of [["wide-a", 1], ["wide-b", 301]]) {
    const subsegments = Array.from({ length: 300 }, (_, index) => subsegment(first + index));
    await putSegments([{ trace_id: traceId, id: segmentId(first + 100_000), name: service, start_time: start, end_time: start + 1, subsegments }]);
  }
  const page = await browser.open(`${tracesUrl}?filter=${encodeURIComponent('service("wide-a")')}`);
  await page.locator(`#trace-list tr[data-id="${traceId}"]`).waitFor();
  await page.locator("#map", { hasText: "Filter for fewer traces" }).waitFor();
  assert.match((await page.locator("#map").textContent()).trim(), /^The map is not drawn\. It has 60\d nodes and 60\d edges/);
  await waitForStatus(page, "1 match.");
  await saveScreenshot(page, "wide-map");
  await assertAccessible(page);
  // With a filter that other traces match, the page draws the map again.
  await page.fill("#filter", "fault");
  await page.press("#filter", "Enter");
  await page.locator("#map .node").first().waitFor();
  // The browser logs the 413 response of `POST /traces/layout` once.
  assert.deepEqual(page.errors.map((it) => it.includes("413 (Payload Too Large)")), [true]);
});
