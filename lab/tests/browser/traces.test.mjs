// The traces page in a real browser, with a running lab.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Browser, Lab, MYSFIT_ID, WORKSHOP_FILTER, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

let lab;
let browser;
let tracesUrl;
/** Number of likes that are sent before the tests. Some likes are slow and some are answered 404. */
const LIKES = 6;

/** The type of a service whose tasks have metadata. */
const ON_ECS = "AWS::ECS::Fargate";

before(async () => {
  browser = await Browser.start();
  lab = await Lab.start({ options: ["--loglevel", "DEBUG"] });
  tracesUrl = `${lab.endpoints.site}/traces`;
  for (let number = 0; number < LIKES; number += 1) await lab.sendLike();
  await waitUntil(async () => (await lab.findTraces('service("like service") AND !partial')).length === LIKES);
  // The monolith sends its segments separately.
  // Before the monolith's segments arrive, X-Ray infers a node of the type "remote" for the monolith.
  const forwardedLikes = (await lab.findTraces('service("like service") { !error }')).length;
  await waitUntil(async () => (await lab.findTraces('service("MysfitsTable")')).length === forwardedLikes);
});

// A page that stays open keeps asking the lab.
afterEach(() => Promise.all(browser.chromium.contexts().map((context) => context.close())));

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

const waitForStatus = (page, text) => page.locator("#query-status", { hasText: text }).waitFor();

const countRows = (page) => page.locator("#trace-list tr").count();

const countMatches = async (filter) => (await lab.findTraces(filter)).length;

const searchTraces = async (page, filter) => {
  await page.fill("#filter", filter);
  await page.press("#filter", "Enter");
};

const findNode = (page, label) => page.locator(`#map .node[aria-label^="${label}"]`);

test("the map connects client, services and table, and shows the number of requests", async () => {
  const page = await browser.open(tracesUrl);
  await waitForStatus(page, `${LIKES} traces scanned, ${LIKES} found.`);
  for (const label of ["client, ", `like service ${ON_ECS}`, `monolith ${ON_ECS}`, "MysfitsTable AWS::DynamoDB::Table"]) await findNode(page, label).waitFor();
  assert.equal(await page.locator("#map .node").count(), 4);
  const notFoundLikes = await countMatches('service("like service") { error }');
  assert(notFoundLikes > 0);
  const edge = (from, to) => page.locator(`#map .edge[aria-label^="from ${from} to ${to}:"]`);
  assert.equal(await edge("client", "like service").locator("text").textContent(), String(LIKES));
  assert.equal(await edge("like service", "monolith").locator("text").textContent(), String(LIKES - notFoundLikes));
  const serviceNode = findNode(page, `like service ${ON_ECS}`);
  assert.match(await serviceNode.getAttribute("aria-label"), new RegExp(`${LIKES} requests.* p50 .* · p95 .* mean, ${LIKES - notFoundLikes} ok, ${notFoundLikes} error$`));
  assert.equal(await serviceNode.locator(".ring").count(), 2);
  await saveScreenshot(page, "traces");
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
});

test("a node with slow requests says so by an arc and in words, and other nodes do not", async () => {
  const page = await browser.open(tracesUrl);
  const slowLikes = await countMatches('service("like service") { responsetime > 1 }');
  assert(slowLikes > 0);
  const serviceNode = findNode(page, `like service ${ON_ECS}`);
  await serviceNode.locator("text", { hasText: `◷ ${slowLikes} of ${LIKES} slow` }).waitFor();
  assert.equal(await serviceNode.locator(".slow-arc").count(), 1);
  assert.equal(await findNode(page, "MysfitsTable").locator(".slow-arc").count(), await countMatches('service("MysfitsTable") { responsetime > 1 }') ? 1 : 0);
});

test("on a phone the map goes from top to bottom and fits", async () => {
  const page = await browser.open(tracesUrl, { viewport: { width: 390, height: 844 } });
  const tops = [];
  for (const label of ["client, ", `like service ${ON_ECS}`, `monolith ${ON_ECS}`, "MysfitsTable"]) tops.push((await findNode(page, label).boundingBox()).y);
  assert.deepEqual(tops, tops.toSorted((first, second) => first - second));
  assert.equal(new Set(tops).size, 4);
  assert.equal(await page.locator("#map").evaluate((map) => map.scrollWidth - map.clientWidth), 0);
});

test("lab 3: the filter finds slow and failed likes, a group keeps it, and the map shows only the group", async () => {
  const page = await browser.open(tracesUrl);
  const matchCount = await countMatches(WORKSHOP_FILTER);
  const failedCount = await countMatches('service("like service") { error } AND http.method = "POST"');
  assert(matchCount > failedCount && failedCount > 0);
  await page.click("#save-group");
  await page.locator("#filter-error", { hasText: "Type a filter first" }).waitFor();
  await searchTraces(page, WORKSHOP_FILTER);
  await waitForStatus(page, `${LIKES} traces scanned, ${matchCount} match.`);
  assert.equal(await countRows(page), matchCount);

  await page.click("#save-group");
  await page.fill("#group-name", "slow-or-failed");
  const command = `aws xray create-group --group-name slow-or-failed --filter-expression '${WORKSHOP_FILTER}'`;
  assert.equal(await page.locator("dialog pre").textContent(), command);
  await saveScreenshot(page, "group");
  await assertAccessible(page);
  await page.press("#group-name", "Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  const { Groups } = await lab.callXray("Groups", {});
  assert.deepEqual(Groups.map((it) => [it.GroupName, it.FilterExpression]), [["slow-or-failed", WORKSHOP_FILTER]]);

  await waitForStatus(page, `${matchCount} match.`);
  assert.equal(await page.inputValue("#filter"), "");
  assert.equal(await page.inputValue("#group"), "slow-or-failed");
  assert.match(await findNode(page, `like service ${ON_ECS}`).getAttribute("aria-label"), new RegExp(`${matchCount} requests.* ${failedCount} error$`));
  // Filter and group together. A refresh does not add the group once more.
  await searchTraces(page, "error");
  await waitForStatus(page, `${failedCount} match.`);
  const firstRefresh = await page.locator("#frame-status").textContent();
  await waitUntil(async () => await page.locator("#frame-status").textContent() !== firstRefresh);
  assert.equal((await page.locator("details pre", { hasText: "get-trace-summaries" }).textContent()).split("group.name").length, 2);
  assert.equal(await countRows(page), failedCount);
  // The address keeps both.
  await page.reload();
  await waitForStatus(page, `${failedCount} match.`);
  assert.equal(await page.inputValue("#group"), "slow-or-failed");
  await page.click("#save-group");
  await page.fill("#group-name", "slow-or-failed");
  await page.press("#group-name", "Enter");
  await page.locator("dialog .wrong", { hasText: "already" }).waitFor();
  await page.keyboard.press("Escape");
  await page.click("#clear");
  await waitForStatus(page, `${LIKES} found.`);
});

test("an invalid filter shows the error and its position, and says that the list is older", async () => {
  const page = await browser.open(tracesUrl);
  await waitForStatus(page, "found.");
  await searchTraces(page, 'service("like service") { respnsetime > 1 }');
  await page.locator("#filter-error mark", { hasText: "r" }).waitFor();
  const errorText = await page.locator("#filter-error").textContent();
  assert.equal(errorText, 'service("like service") { respnsetime > 1 }\n\'respnsetime\' is not a keyword, at position 27');
  assert.equal(await page.getAttribute("#filter", "aria-invalid"), "true");
  await waitForStatus(page, "still show the result before");
  await saveScreenshot(page, "wrong");
  await assertAccessible(page);
  await searchTraces(page, "ok");
  await waitForStatus(page, "match.");
  assert.equal(await page.locator("#filter-error").textContent(), "");
  // A group that was deleted.
  await page.goto(`${tracesUrl}?group=gone`);
  await page.locator("#filter-error", { hasText: 'There is no group "gone"' }).waitFor();
  // An error that a valid time range ends.
  await page.goto(`${tracesUrl}?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`);
  await page.locator("#filter-error", { hasText: /\w/ }).waitFor();
  await page.selectOption("#frame-range", "900");
  await page.locator('#filter[aria-invalid="false"]').waitFor();
});

test("buttons add their conditions to the filter, and remove them", async () => {
  const page = await browser.open(tracesUrl);
  const chip = (name) => page.locator(".chip", { hasText: name });
  await chip("likes only").click();
  await chip("404").click();
  assert.equal(await page.inputValue("#filter"), 'http.url ENDSWITH "/like" AND http.status = 404');
  assert.equal(await chip("404").getAttribute("aria-pressed"), "true");
  await waitForStatus(page, `${await countMatches("http.status = 404")} match.`);
  await chip("404").click();
  await page.goBack();
  await chip("404").and(page.locator('[aria-pressed="true"]')).waitFor();
  await waitForStatus(page, `${await countMatches("http.status = 404")} match.`);
  await page.goForward();
  await chip("404").and(page.locator('[aria-pressed="false"]')).waitFor();
  await chip("slow").click();
  await chip("no health checks").click();
  assert.equal(await page.inputValue("#filter"), 'http.url ENDSWITH "/like" AND responsetime > 1 AND http.useragent != "ELB-HealthChecker/2.0"');
  await waitForStatus(page, `${await countMatches("responsetime > 1")} match.`);
});

test("response times are selected in the histogram by the keyboard and by dragging", async () => {
  const page = await browser.open(tracesUrl);
  await waitForStatus(page, "found.");
  await page.locator(".bar").first().focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  const filter = await page.inputValue("#filter");
  assert.match(filter, /^responsetime >= [\d.]+ AND responsetime < [\d.]+$/);
  await waitForStatus(page, `${await countMatches(filter)} match.`);
  assert(await countRows(page) > 0);

  await page.click("#clear");
  await waitForStatus(page, "found.");
  const box = await page.locator(".histogram").boundingBox();
  await page.mouse.move(box.x + 1, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 1, box.y + 20, { steps: 5 });
  await page.locator("#histogram-hint", { hasText: `${LIKES} traces from` }).or(page.locator("#histogram-hint", { hasText: `${LIKES} traces less` })).waitFor();
  await page.mouse.up();
  await waitForStatus(page, `${LIKES} match.`);
  assert.match(await page.inputValue("#filter"), /responsetime < /);
});

test("the list shows names, sorts, and keeps sorting and columns in the address", async () => {
  const page = await browser.open(tracesUrl);
  await page.locator("#trace-list a", { hasText: "POST /mysfits/Evangeline/like" }).first().waitFor();
  assert.equal(await page.locator("#trace-list b").first().getAttribute("title"), MYSFIT_ID);
  await page.click('[data-column="responsetime"]');
  const summaries = await lab.findTraces(undefined);
  const slowest = summaries.toSorted((first, second) => second.ResponseTime - first.ResponseTime);
  const listIds = () => page.locator("#trace-list tr").evaluateAll((rows) => rows.map((row) => row.dataset.id));
  assert.deepEqual(await listIds(), slowest.map(({ Id }) => Id));
  const slowCells = page.locator("#trace-list .responsetime", { hasText: /^\s*◷ slow: [\d.]+ s\s*$/ });
  assert.equal(await slowCells.count(), await countMatches("responsetime > 1"));
  assert.equal(await page.locator("th", { hasText: "Response time" }).getAttribute("aria-sort"), "descending");
  await page.click('[data-column="responsetime"]');
  assert.deepEqual(await listIds(), slowest.toReversed().map(({ Id }) => Id));
  // Annotations may give away the cause. They are a column that the reader chooses.
  assert.doesNotMatch(await page.locator("main").textContent(), /chaos/);
  await page.click(".chooser summary");
  await page.check('.chooser input[name="annotations"]');
  await page.uncheck('.chooser input[name="entry"]');
  await assertAccessible(page);
  await page.reload();
  await page.locator("#trace-list td.annotations", { hasText: "chaos_fault" }).first().waitFor();
  assert.equal(await page.locator("#trace-list td.entry").count(), 0);
  assert.deepEqual(await listIds(), slowest.toReversed().map(({ Id }) => Id));
  assert.deepEqual(page.errors, []);
});

test("a click on a node or an edge fills in its filter", async () => {
  const page = await browser.open(tracesUrl);
  await findNode(page, "MysfitsTable").click();
  assert.equal(await page.inputValue("#filter"), 'service(id(name: "MysfitsTable", type: "AWS::DynamoDB::Table"))');
  await waitForStatus(page, "match.");
  await page.locator('#map .edge[aria-label^="from like service to monolith"] .hit').click({ force: true });
  const [likeService, monolith] = ["like service", "monolith"].map((name) => `id(name: "${name}", type: "${ON_ECS}")`);
  assert.equal(await page.inputValue("#filter"), `edge(${likeService}, ${monolith})`);
  await waitForStatus(page, `${await countMatches('edge("like service", "monolith")')} match.`);
});

test("a segment can be reached with the keyboard alone, and a refresh keeps the focus", async () => {
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
  const { scanned } = await page.evaluate(() => ({ scanned: parseInt(document.getElementById("query-status").textContent, 10) }));
  await lab.sendLike();
  await waitForStatus(page, `${scanned + 1} traces scanned`);
  assert(await page.evaluate(() => document.activeElement.matches("#map .node")));
  await tabTo("#trace-list a");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/traces\/1-/);
  await page.locator("#waterfall button").first().waitFor();
  await tabTo("#waterfall button");
  await page.keyboard.press("Enter");
  await page.locator("#details h2").waitFor();
});

test("a time range without traces, and a filter that none matches, say what to do", async () => {
  const page = await browser.open(`${tracesUrl}?from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z`);
  await waitForStatus(page, "0 traces scanned, 0 found.");
  await page.locator("#no-traces", { hasText: "choose a longer time range" }).waitFor();
  assert.equal(await page.isChecked("#frame-live"), false);
  await page.selectOption("#frame-range", "900");
  await page.locator("#trace-list tr").first().waitFor();
  await searchTraces(page, 'service("nobody")');
  await page.locator("#no-traces", { hasText: "None of the" }).waitFor();
  await assertAccessible(page);
  await page.click("#no-traces button");
  await page.locator("#trace-list tr").first().waitFor();
});

test("a page whose queries fail says which moment it shows, and recovers", async () => {
  const page = await browser.open(tracesUrl);
  await waitForStatus(page, "found.");
  await page.route("**/aws/**", (route) => route.abort());
  await page.locator("#frame-status.wrong", { hasText: /The lab does not answer\. The page shows the state of \d/ }).waitFor();
  assert(await countRows(page) >= LIKES);
  await page.unroute("**/aws/**");
  await page.locator("#frame-status:not(.wrong)", { hasText: "Live." }).waitFor();
});

test("the page has no accessibility errors in dark mode and on a narrow screen", async () => {
  for (const [name, options] of [["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 360, height: 740 } }], ["wide", { viewport: { width: 1920, height: 1080 } }]]) {
    const page = await browser.open(tracesUrl, options);
    await page.locator("#map .node").first().waitFor();
    await page.locator("#trace-list b").first().waitFor();
    await saveScreenshot(page, name);
    await assertAccessible(page);
    assert.deepEqual(page.errors, []);
  }
});
