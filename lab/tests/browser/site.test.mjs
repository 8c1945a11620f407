// The adoption site in a real browser, with three running labs: without faults, with slow likes, and with 404s.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { Browser, Lab, MYSFIT_ID, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

const WEB_DIRECTORY = new URL("../../../web/", import.meta.url);
const NARROW_SCREEN = { viewport: { width: 360, height: 740 } };
const DARK_MODE = { colorScheme: "dark" };
/** Burns of at least 2 s, so that a test can see the waiting state, and long timeouts for busy machines. */
const SLOW_LIKES = { CHAOS_STRESS_CPU_MS: "2000-2100", MONOLITH_TIMEOUT_MS: "20000", DDB_TIMEOUT_MS: "20000" };

let browser;
let faultlessLab;
let slowLab;
let notFoundLab;

before(async () => {
  const createOptions = (faultVariable) => ({ env: { ...SLOW_LIKES, CHAOS_STRESS_PERCENT: "0", CHAOS_NOT_FOUND_PERCENT: "0", [faultVariable]: "100" } });
  browser = await Browser.start();
  [faultlessLab, slowLab, notFoundLab] = await Promise.all([
    Lab.start({ options: ["--chaos", "off"] }),
    Lab.start(createOptions("CHAOS_STRESS_PERCENT")),
    Lab.start(createOptions("CHAOS_NOT_FOUND_PERCENT")),
  ]);
});

after(async () => {
  await browser?.stop();
  await Promise.all([faultlessLab, slowLab, notFoundLab].map((lab) => lab?.stop()));
});

async function listenOnLoopback(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** Serves the site's files unchanged, as S3 does, with an API of another origin. */
async function serveSite(api) {
  const contentTypes = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  const server = createServer(async (request, response) => {
    const path = request.url === "/" ? "index.html" : request.url.slice(1);
    const config = `export const api = ${JSON.stringify(api)};\nexport const traces = "";\nexport const labConsole = "";\n`;
    const content = path === "config.js" ? config : await readFile(new URL(path, WEB_DIRECTORY)).catch(() => null);
    response.writeHead(content === null ? 404 : 200, { "Content-Type": contentTypes[path.split(".").pop()] ?? "text/plain" });
    response.end(content ?? "");
  });
  return listenOnLoopback(server);
}

/** Opens the site and waits until it shows the mysfits. */
async function openSite(lab, options) {
  const page = await browser.open(lab.endpoints.site, options);
  await waitForState(page, "12 mysfits");
  return page;
}

const waitForState = (page, text) => page.locator("#state", { hasText: text }).waitFor();
const findCards = (page) => page.locator("#grid .card:not(.skeleton)");
const findCard = (page, name) => page.locator(".card", { has: page.getByRole("link", { name, exact: true }) });
const waitForMessage = (element, text) => element.locator(".message", { hasText: text }).waitFor();
const fetchMysfit = async (lab, id) => (await fetch(`${lab.endpoints.alb}/mysfits/${id}`)).json();
const readMysfitId = async (cardElement) => decodeURIComponent((await cardElement.locator(".name").getAttribute("href")).split("/").pop());

/** A duration such as "712 ms" or "1.25 s" in milliseconds. */
function readMs(text) {
  const [, number, unit] = text.match(/^([\d.]+) (ms|s)$/);
  return unit === "s" ? number * 1000 : Number(number);
}

/** The rows of the drawer: [request, status, duration, wait in the browser, time until the response, trace]. */
async function readRequestRows(page) {
  const rows = await page.locator("#happened tbody tr").all();
  return Promise.all(rows.map(async (row) => (await row.locator("td").allTextContents()).slice(1)));
}

test("the first page load shows twelve mysfits with pictures, is small, and requests nothing from other hosts", async () => {
  const page = await browser.open("about:blank");
  const files = [];
  page.on("response", (response) => files.push(response));
  await page.goto(faultlessLab.endpoints.site);
  await waitForState(page, "12 mysfits");
  await page.waitForLoadState("networkidle");
  assert.equal(await findCards(page).count(), 12);
  for (const image of await page.locator("img:visible").all()) {
    await waitUntil(() => image.evaluate((it) => it.complete && it.naturalWidth > 0));
  }
  let compressedBytes = 0;
  let pictureCount = 0;
  const api = new URL(faultlessLab.endpoints.alb).origin;
  for (const file of files) {
    assert.equal(file.status(), 200, file.url());
    assert([faultlessLab.endpoints.site, api].includes(new URL(file.url()).origin), file.url());
    const body = await file.body();
    compressedBytes += gzipSync(body).length;
    if (!file.url().endsWith(".svg")) continue;
    pictureCount += 1;
    assert(body.length <= 30_000, `${file.url()} has ${body.length} bytes`);
  }
  assert.equal(pictureCount, 14); // twelve mysfits, the banner and the icon
  console.log(`first load: ${files.length} files, ${(compressedBytes / 1000).toFixed(1)} kB compressed`);
  assert(compressedBytes <= 150_000, `${compressedBytes} bytes`);
  await saveScreenshot(page, "site");
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
});

test("the page has no accessibility errors and no horizontal scrolling: wide, narrow, light, dark, with drawer or profile open", async () => {
  for (const [name, options] of Object.entries({
    wide: { viewport: { width: 1920, height: 1080 } },
    dark: DARK_MODE,
    narrow: NARROW_SCREEN,
    "narrow-dark": { ...NARROW_SCREEN, ...DARK_MODE },
    tablet: { viewport: { width: 768, height: 1024 } },
  })) {
    const page = await openSite(faultlessLab, options);
    await assertAccessible(page);
    await page.locator("summary").click();
    await saveScreenshot(page, `site-${name}`);
    await assertAccessible(page);
    await page.locator("summary").click();
    await page.goto(`${faultlessLab.endpoints.site}/#/mysfits/${MYSFIT_ID}`);
    await page.locator("#profile .facts").waitFor();
    await saveScreenshot(page, `site-profile-${name}`);
    await assertAccessible(page);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
});

test("each filter shows the mysfits that the API returns for it, and the filter All shows every mysfit", async () => {
  const page = await openSite(faultlessLab);
  for (const button of await page.locator("#filters [data-filter]").all()) {
    const filter = await button.getAttribute("data-filter");
    const value = await button.getAttribute("data-value");
    const expected = await (await fetch(`${faultlessLab.endpoints.alb}/mysfits?filter=${filter}&value=${value}`)).json();
    await button.click();
    await waitForState(page, `${expected.mysfits.length} mysfits`);
    const names = await findCards(page).locator(".name").allTextContents();
    assert.deepEqual(names, expected.mysfits.map((it) => it.name));
    assert.equal(await page.locator('#filters [aria-pressed="true"]').count(), 1);
    assert.equal(await button.getAttribute("aria-pressed"), "true");
  }
  await page.getByRole("button", { name: "All", exact: true }).click();
  await waitForState(page, "12 mysfits");
});

test("an empty filter result and an empty list each show a message", async (t) => {
  const lab = await Lab.start();
  t.after(() => lab.stop());
  const deleteMysfit = async (id) => {
    const response = await fetch(lab.endpoints.dynamodb, {
      method: "POST",
      headers: {
        "X-Amz-Target": "DynamoDB_20120810.DeleteItem",
        "X-Amz-Date": "20260101T000000Z",
        "Content-Type": "application/x-amz-json-1.0",
        Authorization: "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
      },
      body: JSON.stringify({ TableName: lab.endpoints.table, Key: { MysfitId: { S: id } } }),
    });
    assert.equal(response.status, 200, await response.text());
  };
  const { mysfits } = await (await fetch(`${lab.endpoints.alb}/mysfits`)).json();
  for (const it of mysfits.filter((it) => it.goodevil === "Good")) await deleteMysfit(it.mysfitId);
  const page = await browser.open(lab.endpoints.site);
  await page.locator('#filters [data-value="Good"]').click();
  await waitForState(page, "No mysfit has this alignment.");
  for (const it of mysfits) await deleteMysfit(it.mysfitId);
  await page.getByRole("button", { name: "All", exact: true }).click();
  await waitForState(page, "There are no mysfits here yet.");
  await assertAccessible(page);
});

test("a profile has its own address and returns the focus when it closes", async () => {
  const page = await openSite(faultlessLab);
  const link = findCard(page, "CoCo").locator(".name");
  const id = await readMysfitId(findCard(page, "CoCo"));
  await link.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "CoCo" });
  await dialog.locator(".facts").waitFor();
  assert.equal(new URL(page.url()).hash, `#/mysfits/${id}`);
  assert.equal(await page.title(), "CoCo – Mythical Mysfits");
  const mysfit = await fetchMysfit(faultlessLab, id);
  assert.equal(await dialog.locator(".description").textContent(), mysfit.description);
  assert.equal(await dialog.locator(".age").textContent(), "501 years");
  assert.equal(await dialog.locator(".alignment").textContent(), "Chaotic Good");
  assert.equal(await dialog.locator(".likes").textContent(), `${mysfit.likes} ${mysfit.likes === "1" ? "like" : "likes"}`);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await waitUntil(() => new URL(page.url()).hash === "");
  assert.equal(await page.title(), "Mythical Mysfits");
  assert(await link.evaluate((it) => it === document.activeElement));

  await page.goBack();
  await dialog.waitFor();
  await page.goBack();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(page.errors, []);
});

test("an address with an unknown id shows a message, and an address with an invalid percent-encoding opens no profile", async () => {
  const page = await openSite(faultlessLab);
  await page.goto(`${faultlessLab.endpoints.site}/#/mysfits/nobody%2Fat%20all`);
  await page.locator("#profile .state", { hasText: "There is no mysfit with this address." }).waitFor();
  assert.equal(await page.locator("#profile .retry").isVisible(), false);
  await assertAccessible(page);
  await page.locator("#profile .close").click();
  await page.goto(`${faultlessLab.endpoints.site}/#/mysfits/%E0%A4%A`);
  assert.equal(await page.locator("#profile").isVisible(), false);
  assert.deepEqual(page.errors, []);
});

test("a successful like is counted and shows a link to its trace", async () => {
  const page = await openSite(faultlessLab);
  const cardElement = findCard(page, "Nessi");
  await cardElement.locator(".heart").click();
  await waitForMessage(cardElement, /^Liked in \d+ ms$/);
  await cardElement.locator(".likes", { hasText: "1 like" }).waitFor();
  const id = await readMysfitId(cardElement);
  assert.equal((await fetchMysfit(faultlessLab, id)).likes, "1");
  const trace = await cardElement.locator(".trace").textContent();
  assert.match(trace, /^1-[0-9a-f]{8}-[0-9a-f]{24}$/);

  const [profileRow, likeRow] = await readRequestRows(page);
  assert.equal(profileRow[0], "GET /mysfits/Nessi");
  assert.deepEqual([likeRow[0], likeRow[1], likeRow[5]], ["POST /mysfits/Nessi/like", "200", "trace"]);
  assert.equal(await page.locator("#happened a.trace").nth(1).getAttribute("title"), trace);
  assert.match(likeRow[2], /^[\d.]+ m?s$/);
  assert(page.consoleMessages.some((line) => line.startsWith(`POST /mysfits/${id}/like 200 `) && line.endsWith(trace)), page.consoleMessages.join("\n"));

  await waitUntil(async () => (await faultlessLab.callXray("Traces", { TraceIds: [trace] })).Traces.length);
  const [tracePage] = await Promise.all([page.waitForEvent("popup"), cardElement.locator("a.trace").click()]);
  await tracePage.locator("body", { hasText: trace }).waitFor();
  assert.equal(new URL(tracePage.url()).pathname, `/traces/${trace}`);
  await tracePage.locator("body", { hasText: "DynamoDB" }).waitFor();
});

test("a double click, a held key and a click during a like each send one like", async () => {
  const page = await openSite(faultlessLab);
  const sentLikes = [];
  page.on("request", (request) => request.method() === "POST" && sentLikes.push(request.url()));
  const doubleClickedCard = findCard(page, "Gretta");
  await doubleClickedCard.locator(".heart").click();
  await doubleClickedCard.locator(".likes", { hasText: "1 like" }).waitFor();
  await page.mouse.down({ clickCount: 2 }); // the second click of a double click, after the response
  await page.mouse.up({ clickCount: 2 });
  const heldKeyCard = findCard(page, "Snowflake");
  await heldKeyCard.locator(".heart").focus();
  await page.keyboard.down("Enter");
  await heldKeyCard.locator(".likes", { hasText: "1 like" }).waitFor();
  await page.keyboard.down("Enter"); // A key that is held down repeats its keydown event.
  await page.keyboard.up("Enter");
  assert.equal(sentLikes.length, 2);
  // A separate click sends another like.
  assert.equal(await heldKeyCard.locator(".heart").getAttribute("aria-label"), "Like Snowflake once more");
  await heldKeyCard.locator(".heart").click();
  await heldKeyCard.locator(".likes", { hasText: "2 likes" }).waitFor();
  for (const [cardElement, likes] of [[doubleClickedCard, "1"], [heldKeyCard, "2"]]) {
    assert.equal((await fetchMysfit(faultlessLab, await readMysfitId(cardElement))).likes, likes);
  }

  const slowPage = await openSite(slowLab);
  slowPage.on("request", (request) => request.method() === "POST" && sentLikes.push(request.url()));
  const waitingCard = findCard(slowPage, "Gary");
  await waitingCard.locator(".heart").click();
  await waitForMessage(waitingCard, "Still waiting");
  await waitingCard.locator(".heart").click({ force: true }); // `force`, because the button has aria-disabled
  await waitForMessage(waitingCard, /^Liked/);
  assert.equal(sentLikes.length, 4);
});

test("a slow like shows the elapsed time and is marked as slow at its end", async () => {
  const page = await openSite(slowLab);
  await page.evaluate(() => {
    const liveRegion = document.querySelector("body > .spoken");
    window.spoken = [];
    new MutationObserver(() => window.spoken.push(liveRegion.textContent)).observe(liveRegion, { subtree: true, childList: true, characterData: true });
  });
  const cardElement = findCard(page, "Pauly");
  await cardElement.locator(".heart").click();
  await waitForMessage(cardElement, /^Still waiting: \d\.\d s$/);
  assert.equal(await cardElement.locator(".heart").getAttribute("aria-disabled"), "true");
  await saveScreenshot(page, "site-waiting");
  await waitForMessage(cardElement, /^Liked, but it took [\d.]+ s$/);
  await cardElement.locator(".likes", { hasText: "1 like" }).waitFor();
  const [slowMessage, outcome, ...furtherMessages] = await page.evaluate(() => window.spoken);
  assert.equal(slowMessage, "The like of Pauly takes more than a second.");
  assert.match(outcome, /^Pauly: Liked, but it took [\d.]+ s$/);
  assert.deepEqual(furtherMessages, []);
  await page.locator("summary").click();
  assert.match(await page.locator("#happened .sum").textContent(), /, 1 slow$/);
  const row = page.locator("#happened tr", { hasText: "/like" });
  assert.equal(await row.getAttribute("data-outcome"), "slow");
  await saveScreenshot(page, "site-slow");
  await assertAccessible(page);
});

test("a like answered 404 shows the status, is not counted, and can be retried", async () => {
  const page = await openSite(notFoundLab, DARK_MODE);
  const cardElement = findCard(page, "Cole");
  await cardElement.locator(".heart").click();
  await waitForMessage(cardElement, /^Not liked: status 404 after [\d.]+ m?s$/);
  assert.equal(await cardElement.locator(".heart.liked").count(), 0);
  assert.equal(await cardElement.locator(".likes").textContent(), "");
  assert.match(await cardElement.locator(".trace").textContent(), /^1-/);
  await page.locator("summary").click();
  await saveScreenshot(page, "site-404");
  await assertAccessible(page);
  await page.locator("summary").click();
  await cardElement.getByRole("button", { name: "Try again" }).click();
  await waitUntil(async () => (await readRequestRows(page)).filter(([request, status]) => request.endsWith("/like") && status === "404").length === 2);
  await page.locator("#happened .sum", { hasText: "2 failed" }).waitFor();
  assert.equal((await fetchMysfit(notFoundLab, await readMysfitId(cardElement))).likes, "0");
  assert.deepEqual(page.errors, []);
});

test("the profile and the card show the same likes", async () => {
  const page = await openSite(slowLab);
  await findCard(page, "Hasla").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.locator(".heart").click();
  await waitForMessage(dialog, "Still waiting");
  await page.keyboard.press("Escape");
  await waitForMessage(findCard(page, "Hasla"), /^Liked, but/);
  await findCard(page, "Hasla").locator(".name").click();
  await waitForMessage(dialog, /^Liked, but/);
  assert.equal(await dialog.locator(".likes").textContent(), "1 like");
});

test("an adoption needs a confirmation, is sent once, and persists", async () => {
  const page = await openSite(faultlessLab);
  const id = await readMysfitId(findCard(page, "Rujin"));
  await findCard(page, "Rujin").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.getByRole("button", { name: "Adopt Rujin" }).click();
  await saveScreenshot(page, "site-adopt");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Not yet" }).click();
  assert.equal((await fetchMysfit(faultlessLab, id)).adopted, false);
  assert(await dialog.locator(".adopt").evaluate((it) => it === document.activeElement));

  await dialog.getByRole("button", { name: "Adopt Rujin" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Rujin" }).click();
  await dialog.locator(".adopt-message", { hasText: /^Rujin is yours, after [\d.]+ m?s\.$/ }).waitFor();
  assert.equal((await fetchMysfit(faultlessLab, id)).adopted, true);
  await page.keyboard.press("Escape");
  await waitUntil(() => new URL(page.url()).hash === "");
  await findCard(page, "Rujin").locator(".adopted", { hasText: "Adopted" }).waitFor();

  await page.goto(`${faultlessLab.endpoints.site}/#/mysfits/${id}`);
  await page.reload();
  const button = dialog.getByRole("button", { name: "Rujin has a home." });
  await button.waitFor();
  await button.click({ force: true }); // `force`, because the button has aria-disabled
  assert.equal(await dialog.locator(".confirm").isVisible(), false);
  assert.deepEqual((await readRequestRows(page)).filter(([request]) => request.endsWith("/adopt")), []);
});

/** Delays requests of `method` to paths that end with `path` until `release` is called: "before" they are sent, or "after" the response. */
async function delayRequests(page, when, method, path) {
  const delayed = { count: 0 };
  const released = new Promise((resolve) => (delayed.release = resolve));
  await page.route((url) => url.pathname.endsWith(path), async (route) => {
    if (route.request().method() !== method) return route.fallback();
    const response = when === "after" ? await route.fetch() : undefined;
    delayed.count += 1;
    await released;
    return response ? route.fulfill({ response }) : route.continue();
  });
  return delayed;
}

test("a like that ends during an adoption does not enable the Adopt button", async () => {
  const page = await openSite(faultlessLab);
  const adoption = await delayRequests(page, "before", "POST", "/adopt");
  await findCard(page, "Twilight Glitter").locator(".name").click();
  const dialog = page.locator("#profile");
  const button = dialog.locator(".adopt");
  await dialog.getByRole("button", { name: "Adopt Twilight Glitter" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Twilight Glitter" }).click();
  await waitUntil(() => adoption.count === 1);
  await dialog.locator(".heart").click();
  await waitForMessage(dialog, /^Liked in/);
  await dialog.locator(".likes", { hasText: "1 like" }).waitFor();
  const assertAdoptionInProgress = async () => {
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    await dialog.getByRole("button", { name: /^Adopting… / }).waitFor();
    await button.click({ force: true });
    assert.equal(await dialog.locator(".confirm").isVisible(), false);
  };
  await assertAdoptionInProgress();
  // The button stays disabled when the profile is closed and opened again.
  await page.keyboard.press("Escape");
  await findCard(page, "Twilight Glitter").locator(".name").click();
  await dialog.locator(".facts").waitFor();
  await assertAdoptionInProgress();
  adoption.release();
  await dialog.locator(".adopt-message", { hasText: /^Twilight Glitter is yours, after [\d.]+ m?s\.$/ }).waitFor();
  assert.equal(await button.textContent(), "Twilight Glitter has a home.");
  assert.equal(adoption.count, 1);
});

test("a profile response older than the adoption does not enable the Adopt button", async () => {
  const page = await openSite(faultlessLab);
  const id = await readMysfitId(findCard(page, "Atlantis"));
  await findCard(page, "Atlantis").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.locator(".facts").waitFor();
  const profile = await delayRequests(page, "after", "GET", id);
  await dialog.locator(".heart").click();
  await waitUntil(() => profile.count === 1);
  await dialog.getByRole("button", { name: "Adopt Atlantis" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Atlantis" }).click();
  await dialog.locator(".adopt-message", { hasText: /^Atlantis is yours/ }).waitFor();
  profile.release();
  await dialog.locator(".likes", { hasText: "1 like" }).waitFor();
  assert.equal(await dialog.locator(".adopt").textContent(), "Atlantis has a home.");
  assert.equal(await dialog.locator(".adopt").getAttribute("aria-disabled"), "true");
});

test("a failed adoption can be retried", async () => {
  const page = await openSite(faultlessLab);
  await page.route((url) => url.pathname.endsWith("/adopt"), (route) => route.abort());
  await findCard(page, "Hasla").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.getByRole("button", { name: "Adopt Hasla" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Hasla" }).click();
  await dialog.locator(".adopt-message", { hasText: /^The adoption failed: no readable response/ }).waitFor();
  assert.equal(await dialog.locator(".adopt").getAttribute("aria-disabled"), "false");
  await dialog.getByRole("button", { name: "Adopt Hasla" }).click();
  assert(await dialog.locator(".confirm").isVisible());
});

test("a request in progress is in the drawer with its elapsed time, and then with the wait of the browser apart from the server's time", async () => {
  const page = await openSite(slowLab);
  await page.locator("summary").click();
  await findCard(page, "Rujin").locator(".heart").click();
  const row = page.locator("#happened tbody tr").first();
  await row.and(page.locator('[data-outcome="waiting"]')).waitFor();
  assert.match((await row.locator("td").allTextContents()).join("|"), /POST .*\/like\|in progress\|/);
  await row.locator("td", { hasText: /^[1-9]\.\d s$/ }).waitFor();
  assert.match(await page.locator("#happened .sum").textContent(), /, 1 in progress/);
  await saveScreenshot(page, "site-in-progress");
  await assertAccessible(page);
  await waitForMessage(findCard(page, "Rujin"), /^Liked/);
  await waitUntil(async () => (await readRequestRows(page)).some(([request, , , , server]) => request.endsWith("/like") && server));
  const [, , duration, browserWait, server] = (await readRequestRows(page)).find(([request]) => request.endsWith("/like"));
  const [durationMs, browserMs, serverMs] = [duration, browserWait, server].map(readMs);
  // From a second on, times are rounded to 10 ms.
  assert(serverMs >= 2000 && browserMs + serverMs <= durationMs + 20, `${duration}: ${browserWait}, ${server}`);
  assert.deepEqual(page.errors, []);
});

test("a like that waits for a free connection waited in the browser, not at the server", async (t) => {
  // An API that holds likes back until the test releases them.
  const held = [];
  let isReleased = false;
  const apiServer = await listenOnLoopback(createServer(async (request, response) => {
    const answer = (body) => response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Timing-Allow-Origin": "*" }).end(body);
    if (request.method === "GET") return answer(await (await fetch(faultlessLab.endpoints.alb + request.url)).text());
    const answerLike = () => answer('{"Update": "Success"}');
    return isReleased ? answerLike() : held.push(answerLike);
  }));
  t.after(() => apiServer.stop());
  const siteServer = await serveSite(apiServer.url);
  t.after(() => siteServer.stop());
  const page = await browser.open(siteServer.url);
  await waitForState(page, "12 mysfits");
  await page.locator("summary").click();
  for (const heart of (await findCards(page).locator(".heart").all()).slice(0, 7)) await heart.click();
  // A browser opens six connections to a host.
  await waitUntil(() => held.length === 6);
  await page.locator("#happened tbody tr").first().locator("td", { hasText: /^([2-9]|\d\d)\.\d s$/ }).waitFor();
  isReleased = true;
  for (const answerLike of held) answerLike();
  const readLikes = async () => (await readRequestRows(page)).filter(([request, , , , server]) => request.endsWith("/like") && server);
  await waitUntil(async () => (await readLikes()).length === 7);
  // The newest request is the first row.
  const [[browserWait, server], ...others] = (await readLikes()).map((row) => row.slice(3, 5).map(readMs));
  assert(browserWait >= 1000 && server < browserWait, `${browserWait} ms in the browser, ${server} ms at the server`);
  for (const [otherWait, otherServer] of others) assert(otherWait < otherServer && otherServer >= 1000, `${otherWait}, ${otherServer}`);
});

test("the site has a link to the console where there is one", async (t) => {
  const page = await openSite(faultlessLab, NARROW_SCREEN);
  const link = page.getByRole("link", { name: "Console" });
  assert.equal(await link.getAttribute("href"), "/console");
  const siteServer = await serveSite(faultlessLab.endpoints.alb);
  t.after(() => siteServer.stop());
  const other = await browser.open(siteServer.url);
  await waitForState(other, "12 mysfits");
  assert.equal(await other.locator("#to-console").isVisible(), false);
});

test("a page of another origin can send an Authorization header, which `*` in CORS does not cover", async () => {
  const page = await openSite(faultlessLab);
  const status = await page.evaluate(async (alb) => {
    const headers = { Authorization: "Bearer none", "Content-Type": "application/json" };
    return (await fetch(`${alb}/mysfits`, { headers })).status;
  }, faultlessLab.endpoints.alb);
  assert.equal(status, 200);
});

test("filters, likes, profiles and adoptions work with the keyboard alone", async () => {
  const page = await openSite(faultlessLab);
  const pressTab = (times) => Array.from({ length: times }).reduce((done) => done.then(() => page.keyboard.press("Tab")), Promise.resolve());
  const readFocusedLabel = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
  await pressTab(2);
  assert.equal(await readFocusedLabel(), "Good");
  await page.keyboard.press("Space");
  await waitUntil(async () => (await page.locator("#state").textContent()) !== "12 mysfits");
  await waitForState(page, /^\d+ mysfits$/);
  await pressTab(6);
  assert.equal(await readFocusedLabel(), "Skip the mysfits");
  await page.keyboard.press("Enter");
  assert.match(await readFocusedLabel(), /^What happened/);
  await page.locator(".skip").focus();
  await pressTab(1);
  const name = await readFocusedLabel();
  await pressTab(1);
  assert.match(await readFocusedLabel(), new RegExp(`^Like ${name}`));
  await page.keyboard.press("Enter");
  await waitForMessage(findCard(page, name), /^Liked/);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name }).locator(".facts").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert(await page.locator("#happened table").isVisible());
});

test("an unreachable API shows an error and a retry button, also when another web server serves the site", async (t) => {
  const siteServer = await serveSite("http://127.0.0.1:9");
  t.after(() => siteServer.stop());
  const page = await browser.open(siteServer.url, NARROW_SCREEN);
  await waitForState(page, /^The mysfits cannot be shown: no readable response after [\d.]+ m?s\.$/);
  assert.equal(await findCards(page).count(), 0);
  await saveScreenshot(page, "site-down");
  await assertAccessible(page);
  await page.getByRole("button", { name: "Try again" }).click();
  await waitUntil(async () => (await readRequestRows(page)).length === 2);
  assert.deepEqual((await readRequestRows(page)).map((row) => row[1]), ["no readable response", "no readable response"]);
  assert(await page.locator("#state").evaluate((it) => it === document.activeElement));
  await page.goto(`${siteServer.url}/#/mysfits/${MYSFIT_ID}`);
  await page.locator("#profile .state", { hasText: "The profile cannot be shown: no readable response" }).waitFor();
  assert(await page.locator("#profile .retry").isVisible());
  await assertAccessible(page);
});

test("a response without CORS headers is shown as unreadable, without a status", async (t) => {
  // The lab's site answers 404 without CORS headers.
  const siteServer = await serveSite(faultlessLab.endpoints.site);
  t.after(() => siteServer.stop());
  const page = await browser.open(siteServer.url);
  await waitForState(page, /no readable response after [\d.]+ m?s/);
  assert.deepEqual((await readRequestRows(page)).map((row) => row.slice(1, 2)), [["no readable response"]]);
});

test("a 200 with an unexpected body is shown as a failure", async (t) => {
  const otherApi = createServer((_, response) => response.writeHead(200, { "Access-Control-Allow-Origin": "*" }).end('{"mysfits": 12}'));
  const apiServer = await listenOnLoopback(otherApi);
  t.after(() => apiServer.stop());
  const siteServer = await serveSite(apiServer.url);
  t.after(() => siteServer.stop());
  const page = await browser.open(siteServer.url);
  await waitForState(page, /^The mysfits cannot be shown: status 200 with an unexpected body, after [\d.]+ m?s\.$/);
});

test("a like answered by the load balancer itself is shown as possibly counted", async (t) => {
  const lab = await Lab.start({ env: { ...SLOW_LIKES, CHAOS_STRESS_PERCENT: "100", CHAOS_NOT_FOUND_PERCENT: "0" } });
  t.after(() => lab.stop());
  const page = await openSite(lab);
  const cardElement = findCard(page, "Atlantis");
  const task = lab.endpoints.tasks.find((it) => it.service === "like-service");
  await cardElement.locator(".heart").click();
  await waitForMessage(cardElement, "Still waiting");
  process.kill(task.pid, "SIGKILL");
  await waitForMessage(cardElement, /^This like may or may not be counted: no readable response after [\d.]+ m?s$/);
  assert.equal(await cardElement.locator(".trace").count(), 0);
  assert.equal(await cardElement.locator(".again").textContent(), "Try again (it may count twice)");
  await assertAccessible(page);
  await waitUntil(async () => (await lab.sendLike()) === 200);
  await cardElement.locator(".again").click();
  await waitForMessage(cardElement, /^Liked/);
});

test("placeholder cards are shown while the list loads", async () => {
  const page = await browser.open("about:blank");
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 1500, downloadThroughput: 50_000, uploadThroughput: 50_000 });
  await page.addInitScript(() => {
    new MutationObserver(() => {
      const isLoading = document.querySelector("#state")?.textContent.startsWith("Loading");
      if (isLoading) window.placeholderCount ??= document.querySelectorAll(".skeleton").length;
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto(faultlessLab.endpoints.site, { waitUntil: "commit" });
  await page.locator(".skeleton").first().waitFor();
  assert.equal(await page.evaluate(() => window.placeholderCount), 12);
  assert.equal(await page.locator("#grid").getAttribute("aria-busy"), "true");
  await saveScreenshot(page, "site-skeleton");
  await assertAccessible(page);
  await waitForState(page, "12 mysfits");
  assert.equal(await page.locator(".skeleton").count(), 0);
});

test("there are no animations with `prefers-reduced-motion`", async () => {
  const countAnimations = (page) => page.evaluate(() => document.getAnimations().length);
  for (const [reducedMotion, isAnimated] of [["no-preference", true], ["reduce", false]]) {
    const page = await openSite(slowLab, { reducedMotion });
    const cardElement = findCard(page, "Evangeline");
    await cardElement.locator(".heart").click();
    await waitForMessage(cardElement, "Still waiting");
    assert.equal((await countAnimations(page)) > 0, isAnimated, reducedMotion);
    await waitForMessage(cardElement, /^Liked/);
    await page.context().close();
  }
});
