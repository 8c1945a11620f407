// The traces page in a real browser, with a running lab.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, Lab, MYSFIT_ID, WORKSHOP_FILTER, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

let lab;
let browser;
let tracesUrl;
/** Number of likes that are sent before the tests. Some likes are slow and some are answered 404. */
const LIKES = 6;

before(async () => {
  browser = await Browser.start();
  lab = await Lab.start();
  tracesUrl = `${lab.endpoints.site}/traces`;
  for (let number = 0; number < LIKES; number += 1) await lab.sendLike();
  await waitUntil(async () => (await lab.findTraces('service("like service") AND !partial')).length === LIKES);
  // The monolith sends its segments separately.
  // Before the monolith's segments arrive, X-Ray infers a node of the type "remote" for the monolith.
  const forwardedLikes = (await lab.findTraces('service("like service") { !error }')).length;
  await waitUntil(async () => (await lab.findTraces('service("MysfitsTable")')).length === forwardedLikes);
});

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

const waitForStatus = (page, text) => page.locator("#query-status", { hasText: text }).waitFor();

const countRows = (page) => page.locator("#trace-list tr").count();

const searchTraces = async (page, filter) => {
  await page.fill("#filter", filter);
  await page.press("#filter", "Enter");
};

// The type of a service whose tasks have metadata.
const ON_ECS = "AWS::ECS::Fargate";

test("the map connects client, services and table, and shows the number of requests", async () => {
  const page = await browser.open(tracesUrl);
  await waitForStatus(page, `${LIKES} traces scanned, ${LIKES} found.`);
  for (const [name, kind] of [["like service", "client"], ["like service", ON_ECS], ["monolith", ON_ECS], ["MysfitsTable", "AWS::DynamoDB::Table"]]) {
    await page.locator(`#map .node[aria-label^="${name} ${kind}"]`).waitFor();
  }
  assert.equal(await page.locator("#map .node").count(), 4);
  const notFoundLikes = (await lab.findTraces('service("like service") { error }')).length;
  assert(notFoundLikes > 0);
  const edge = (from, to) => page.locator(`#map .edge[aria-label^="from ${from} to ${to}:"]`);
  assert.equal(await edge("like service", "like service").locator("text").textContent(), String(LIKES));
  assert.equal(await edge("like service", "monolith").locator("text").textContent(), String(LIKES - notFoundLikes));
  const serviceNode = page.locator(`#map .node[aria-label^="like service ${ON_ECS}"]`);
  assert.match(await serviceNode.getAttribute("aria-label"), new RegExp(`${LIKES} requests .*, ${LIKES - notFoundLikes} ok, ${notFoundLikes} error$`));
  assert.equal(await serviceNode.locator(".ring").count(), 2);
  await saveScreenshot(page, "traces");
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
});

test("the workshop's filter applies to the list and to the map", async () => {
  const page = await browser.open(tracesUrl);
  const matchingTraces = await lab.findTraces(WORKSHOP_FILTER);
  await searchTraces(page, WORKSHOP_FILTER);
  await waitForStatus(page, `${LIKES} traces scanned, ${matchingTraces.length} match.`);
  assert.equal(await countRows(page), matchingTraces.length);
  const clientEdge = page.locator('#map .edge[aria-label^="from like service to like service:"] text');
  assert.equal(await clientEdge.textContent(), String(matchingTraces.length));
  // The page's address contains the filter.
  await page.reload();
  await waitForStatus(page, `${matchingTraces.length} match.`);
  assert.equal(await page.inputValue("#filter"), WORKSHOP_FILTER);
  await page.click("#clear");
  await waitForStatus(page, `${LIKES} found.`);
});

test("an invalid filter shows the error and its position", async () => {
  const page = await browser.open(tracesUrl);
  await searchTraces(page, 'service("like service") { respnsetime > 1 }');
  await page.locator("#filter-error mark", { hasText: "r" }).waitFor();
  const errorText = await page.locator("#filter-error").textContent();
  assert.equal(errorText, 'service("like service") { respnsetime > 1 }\n\'respnsetime\' is not a keyword, at position 27');
  assert.equal(await page.getAttribute("#filter", "aria-invalid"), "true");
  await saveScreenshot(page, "wrong");
  await assertAccessible(page);
  await searchTraces(page, "ok");
  await waitForStatus(page, "match.");
  assert.equal(await page.locator("#filter-error").textContent(), "");
});

test("a like answered 404 and a slow like open with their waterfall and details", async () => {
  const page = await browser.open(tracesUrl);
  await page.locator("#trace-list tr", { hasText: "404" }).first().locator("a").click();
  await page.waitForURL(/\/traces\/1-/);
  await page.locator("#waterfall button").first().click();
  await page.locator("#details h2", { hasText: "like service" }).waitFor();
  const details = await page.locator("#details").textContent();
  for (const text of ["outcomeerror", "chaos_faultnot_found", `mysfit_id${MYSFIT_ID}`, "status404"]) {
    assert(details.includes(text), `${text}: ${details}`);
  }
  assert.equal(await page.locator("#waterfall li").count(), 1);

  await page.click("#all-traces");
  await searchTraces(page, 'annotation.chaos_fault = "stress"');
  await waitForStatus(page, "match.");
  await page.locator("#trace-list tr a").first().click();
  await page.locator("#waterfall li").nth(4).waitFor();
  const lines = (await page.locator("#waterfall button").allTextContents()).map((it) => it.trim());
  const expectedStarts = ["like service 200 segment, ", "monolith 200 subsegment, ", "monolith 200 segment, ", "DynamoDB 200 subsegment, ", "DynamoDB 200 inferred, "];
  assert.deepEqual(lines.map((line, index) => line.slice(0, expectedStarts[index].length)), expectedStarts);
  assert.match(lines[0], /, [1-9]\d*\.\d\d s$/);
  await page.locator("#waterfall button").nth(3).click();
  await page.click("summary");
  const segment = JSON.parse(await page.locator("#details pre").textContent());
  assert.equal(segment.aws.table_name, lab.endpoints.table);
  await saveScreenshot(page, "trace");
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
});

test("a filter saved as a group appears in the menu and in X-Ray", async () => {
  const page = await browser.open(tracesUrl);
  // The result of the first query clears the message of the filter.
  await waitForStatus(page, "found.");
  await page.click("#save-group");
  assert.match(await page.locator("#filter-error").textContent(), /Type a filter first/);
  await searchTraces(page, WORKSHOP_FILTER);
  await waitForStatus(page, "match.");
  await page.click("#save-group");
  await page.fill("#group-name", "slow-or-lost");
  await saveScreenshot(page, "group");
  await assertAccessible(page);
  await page.press("#group-name", "Enter");
  await page.locator("#group-dialog").waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.getElementById("group").value === "slow-or-lost");
  const matchCount = (await lab.findTraces(WORKSHOP_FILTER)).length;
  await waitForStatus(page, `${matchCount} match.`);
  assert.equal(await page.inputValue("#filter"), "");
  const { Groups } = await lab.callXray("Groups", {});
  assert.deepEqual(Groups.map((it) => [it.GroupName, it.FilterExpression]), [["slow-or-lost", WORKSHOP_FILTER]]);
  // The page shows the traces that match both the selected group and the filter. A second group with the same name is refused.
  await searchTraces(page, "error");
  await waitForStatus(page, `${(await lab.findTraces("error")).length} match.`);
  await page.click("#save-group");
  await page.fill("#group-name", "slow-or-lost");
  await page.click("#group-save");
  await page.locator("#group-error", { hasText: "already" }).waitFor();
  await page.keyboard.press("Escape");
  await page.selectOption("#group", "");
  await page.click("#clear");
});

test("a click on a node or an edge fills in its filter", async () => {
  const page = await browser.open(tracesUrl);
  await page.locator('#map .node[aria-label^="MysfitsTable"]').click();
  assert.equal(await page.inputValue("#filter"), 'service(id(name: "MysfitsTable", type: "AWS::DynamoDB::Table"))');
  await waitForStatus(page, "match.");
  await page.locator('#map .edge[aria-label^="from like service to monolith"] .hit').click({ force: true });
  const [likeService, monolith] = ["like service", "monolith"].map((name) => `id(name: "${name}", type: "${ON_ECS}")`);
  assert.equal(await page.inputValue("#filter"), `edge(${likeService}, ${monolith})`);
  const matchCount = (await lab.findTraces('edge("like service", "monolith")')).length;
  await waitForStatus(page, `${matchCount} match.`);
});

test("a segment can be reached with the keyboard alone", async () => {
  const page = await browser.open(tracesUrl);
  await waitForStatus(page, "found.");
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((it) => document.activeElement.matches(it), selector)) return;
    }
    assert.fail(`the Tab key does not reach ${selector}`);
  };
  await tabTo("#filter");
  await page.keyboard.type("error");
  await page.keyboard.press("Enter");
  await waitForStatus(page, "match.");
  await tabTo("#map .node");
  // A refresh of the page keeps the focus.
  await lab.sendLike();
  await waitForStatus(page, `${LIKES + 1} traces scanned`);
  assert(await page.evaluate(() => document.activeElement.matches("#map .node")));
  await tabTo("#trace-list a");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/traces\/1-/);
  await page.locator("#waterfall button").first().waitFor();
  await tabTo("#waterfall button");
  await page.keyboard.press("Enter");
  await page.locator("#details h2").waitFor();
});

test("the page has no accessibility errors in dark mode and on a narrow screen", async () => {
  for (const [name, options] of [["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 360, height: 740 } }]]) {
    const page = await browser.open(tracesUrl, options);
    await waitForStatus(page, "found.");
    await page.locator("#trace-list tr").first().waitFor();
    await saveScreenshot(page, name);
    await assertAccessible(page);
    await page.locator("#trace-list a").first().click();
    await page.locator("#waterfall button").first().click();
    await saveScreenshot(page, `${name}-trace`);
    await assertAccessible(page);
    assert.deepEqual(page.errors, []);
  }
});

test("a custom time range is used for the query", async () => {
  const page = await browser.open(`${tracesUrl}?range=custom&from=2020-01-01T00:00:00&to=2020-01-01T01:00:00`);
  await waitForStatus(page, "0 traces scanned, 0 found.");
  assert(await page.locator("#no-traces").isVisible());
  await page.selectOption("#range", "1800");
  await page.locator("#trace-list tr").first().waitFor();
});

test("the page of an unknown trace says that X-Ray does not know the trace", async () => {
  const page = await browser.open(`${tracesUrl}/1-00000000-000000000000000000000000`);
  await page.locator("#trace-status", { hasText: "does not know this trace" }).waitFor();
});

test("ten thousand traces are scanned and listed in steps of one hundred", async () => {
  const startTime = Math.floor(Date.now() / 1000) - 60;
  const segmentId = (number) => number.toString(16).padStart(16, "0");
  const segmentOfTrace = (number) => JSON.stringify({
    trace_id: `1-${startTime.toString(16)}-${segmentId(number)}00000000`, id: segmentId(1), name: "shop", start_time: startTime, end_time: startTime + 0.01,
  });
  for (let first = 0; first < 9_900; first += 50) {
    const batch = Array.from({ length: 50 }, (_, index) => segmentOfTrace(first + index));
    await lab.callXray("TraceSegments", { TraceSegmentDocuments: batch });
  }
  const page = await browser.open(tracesUrl);
  await waitForStatus(page, /99\d\d traces scanned, 99\d\d found/);
  assert.equal(await countRows(page), 100);
  await page.click("#more-traces");
  assert.equal(await countRows(page), 200);
  assert(await page.evaluate(() => document.activeElement.closest("tr") === document.querySelectorAll("#trace-list tr")[100]));
  await searchTraces(page, 'service("like service")');
  await waitForStatus(page, /99\d\d traces scanned, \d match/);
  assert.deepEqual(page.errors, []);
});

test("a map with more than 500 nodes and edges is replaced by a message, and the traces are still listed", async () => {
  const start = Math.floor(Date.now() / 1000) - 30;
  const subsegment = (number) => ({
    id: number.toString(16).padStart(16, "0"), name: `host-${number}.example`, namespace: "remote", start_time: start, end_time: start + 0.1,
  });
  const traceId = `1-${start.toString(16)}-0000000000000000000000ff`;
  for (const [service, first] of [["wide-a", 1], ["wide-b", 301]]) {
    const subsegments = Array.from({ length: 300 }, (_, index) => subsegment(first + index));
    const segment = { trace_id: traceId, id: subsegment(first + 100_000).id, name: service, start_time: start, end_time: start + 1, subsegments };
    await lab.callXray("TraceSegments", { TraceSegmentDocuments: [JSON.stringify(segment)] });
  }
  const page = await browser.open(`${tracesUrl}?filter=${encodeURIComponent('service("wide-a")')}`);
  await page.locator("#trace-list tr", { hasText: "0000ff" }).waitFor();
  await page.locator("#map", { hasText: "Filter for fewer traces" }).waitFor();
  assert.match(await page.locator("#map").textContent(), /^The map is not drawn\. It has 60\d nodes and 60\d edges/);
  await waitForStatus(page, "1 match.");
  await saveScreenshot(page, "wide-map");
  await assertAccessible(page);
  // With a filter that fewer traces match, the page draws the map again.
  await searchTraces(page, 'service("like service")');
  await page.locator("#map .node").first().waitFor();
  // The browser logs the 413 response of `POST /traces/layout` once.
  assert.deepEqual(page.errors.map((it) => it.includes("413 (Payload Too Large)")), [true]);
});
