// The adoption site in a real browser, with three running labs: without faults (`calm`), with slow likes (`slow`), with 404s (`lossy`).

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { Browser, Lab, MYSFIT, assertAccessible, picture, until } from "./lab.mjs";

const WEB = new URL("../../../web/", import.meta.url);
const NARROW = { viewport: { width: 360, height: 740 } };
const DARK = { colorScheme: "dark" };
/** Burns of at least 2 s, so that a test can see the waiting state, and long timeouts for busy machines. */
const SLOW_LIKES = { CHAOS_STRESS_CPU_MS: "2000-2100", MONOLITH_TIMEOUT_MS: "20000", DDB_TIMEOUT_MS: "20000" };

let browser;
let calm;
let slow;
let lossy;

before(async () => {
  const allLikes = (faultVariable) => ({ env: { ...SLOW_LIKES, CHAOS_STRESS_PERCENT: "0", CHAOS_NOT_FOUND_PERCENT: "0", [faultVariable]: "100" } });
  browser = await Browser.start();
  [calm, slow, lossy] = await Promise.all([
    Lab.start({ options: ["--chaos", "off"] }),
    Lab.start(allLikes("CHAOS_STRESS_PERCENT")),
    Lab.start(allLikes("CHAOS_NOT_FOUND_PERCENT")),
  ]);
});

after(async () => {
  await browser?.stop();
  await Promise.all([calm, slow, lossy].map((lab) => lab?.stop()));
});

async function listenOnLoopback(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** Serves the site's files unchanged, as S3 does, with an API of another origin. */
async function serveSite(api) {
  const types = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  const server = createServer(async (request, response) => {
    const path = request.url === "/" ? "index.html" : request.url.slice(1);
    const config = `export const api = ${JSON.stringify(api)};\nexport const traces = "";\n`;
    const body = path === "config.js" ? config : await readFile(new URL(path, WEB)).catch(() => null);
    response.writeHead(body === null ? 404 : 200, { "Content-Type": types[path.split(".").pop()] ?? "text/plain" });
    response.end(body ?? "");
  });
  return listenOnLoopback(server);
}

/** Opens the site and waits until it shows the mysfits. */
async function open(lab, options) {
  const page = await browser.open(lab.endpoints.site, options);
  await waitForState(page, "12 mysfits");
  return page;
}

const waitForState = (page, text) => page.locator("#state", { hasText: text }).waitFor();
const cards = (page) => page.locator("#grid .card:not(.skeleton)");
const card = (page, name) => page.locator(".card", { has: page.getByRole("link", { name, exact: true }) });
const waitForMessage = (place, text) => place.locator(".message", { hasText: text }).waitFor();
const fetchMysfit = async (lab, id) => (await fetch(`${lab.endpoints.alb}/mysfits/${id}`)).json();
const mysfitId = async (place) => decodeURIComponent((await place.locator(".name").getAttribute("href")).split("/").pop());

/** The rows of the drawer: [request, status, duration, trace id]. */
async function requestRows(page) {
  const rows = await page.locator("#happened tbody tr").all();
  return Promise.all(rows.map(async (row) => (await row.locator("td").allTextContents()).slice(1)));
}

test("the first page load shows twelve mysfits with pictures, is small, and requests nothing from other hosts", async () => {
  const page = await browser.open("about:blank");
  const files = [];
  page.on("response", (response) => files.push(response));
  await page.goto(calm.endpoints.site);
  await waitForState(page, "12 mysfits");
  await page.waitForLoadState("networkidle");
  assert.equal(await cards(page).count(), 12);
  for (const image of await page.locator("img:visible").all()) {
    await until(() => image.evaluate((it) => it.complete && it.naturalWidth > 0));
  }
  let weight = 0;
  let pictures = 0;
  const api = new URL(calm.endpoints.alb).origin;
  for (const file of files) {
    assert.equal(file.status(), 200, file.url());
    assert([calm.endpoints.site, api].includes(new URL(file.url()).origin), file.url());
    const body = await file.body();
    weight += gzipSync(body).length;
    if (!file.url().endsWith(".svg")) continue;
    pictures += 1;
    assert(body.length <= 30_000, `${file.url()} has ${body.length} bytes`);
  }
  assert.equal(pictures, 14); // twelve mysfits, the banner and the icon
  console.log(`first load: ${files.length} files, ${(weight / 1000).toFixed(1)} kB compressed`);
  assert(weight <= 150_000, `${weight} bytes`);
  await picture(page, "site");
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
});

test("the page has no accessibility errors and no horizontal scrolling: wide, narrow, light, dark, with drawer or profile open", async () => {
  for (const [name, options] of Object.entries({
    wide: { viewport: { width: 1920, height: 1080 } },
    dark: DARK,
    narrow: NARROW,
    "narrow-dark": { ...NARROW, ...DARK },
    tablet: { viewport: { width: 768, height: 1024 } },
  })) {
    const page = await open(calm, options);
    await assertAccessible(page);
    await page.locator("summary").click();
    await picture(page, `site-${name}`);
    await assertAccessible(page);
    await page.locator("summary").click();
    await page.goto(`${calm.endpoints.site}/#/mysfits/${MYSFIT}`);
    await page.locator("#profile .facts").waitFor();
    await picture(page, `site-profile-${name}`);
    await assertAccessible(page);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
});

test("each filter shows the mysfits that the API returns for it, and the filter All shows every mysfit", async () => {
  const page = await open(calm);
  for (const button of await page.locator("#filters [data-filter]").all()) {
    const filter = await button.getAttribute("data-filter");
    const value = await button.getAttribute("data-value");
    const wanted = await (await fetch(`${calm.endpoints.alb}/mysfits?filter=${filter}&value=${value}`)).json();
    await button.click();
    await waitForState(page, `${wanted.mysfits.length} mysfits`);
    const names = await cards(page).locator(".name").allTextContents();
    assert.deepEqual(names, wanted.mysfits.map((it) => it.name));
    assert.equal(await page.locator('#filters [aria-pressed="true"]').count(), 1);
    assert.equal(await button.getAttribute("aria-pressed"), "true");
  }
  await page.getByRole("button", { name: "All", exact: true }).click();
  await waitForState(page, "12 mysfits");
});

test("an empty filter result and an empty list each show a message", async () => {
  const lab = await Lab.start();
  const remove = async (id) => {
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
  for (const it of mysfits.filter((it) => it.goodevil === "Good")) await remove(it.mysfitId);
  const page = await browser.open(lab.endpoints.site);
  await page.locator('#filters [data-value="Good"]').click();
  await waitForState(page, "No mysfit has this alignment.");
  for (const it of mysfits) await remove(it.mysfitId);
  await page.getByRole("button", { name: "All", exact: true }).click();
  await waitForState(page, "There are no mysfits here yet.");
  await assertAccessible(page);
  await lab.stop();
});

test("a profile has its own address and returns the focus when it closes", async () => {
  const page = await open(calm);
  const link = card(page, "CoCo").locator(".name");
  const id = await mysfitId(card(page, "CoCo"));
  await link.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "CoCo" });
  await dialog.locator(".facts").waitFor();
  assert.equal(new URL(page.url()).hash, `#/mysfits/${id}`);
  assert.equal(await page.title(), "CoCo – Mythical Mysfits");
  const facts = await fetchMysfit(calm, id);
  assert.equal(await dialog.locator(".description").textContent(), facts.description);
  assert.equal(await dialog.locator(".age").textContent(), "501 years");
  assert.equal(await dialog.locator(".alignment").textContent(), "Chaotic Good");
  assert.equal(await dialog.locator(".likes").textContent(), `${facts.likes} ${facts.likes === "1" ? "like" : "likes"}`);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await until(() => new URL(page.url()).hash === "");
  assert.equal(await page.title(), "Mythical Mysfits");
  assert(await link.evaluate((it) => it === document.activeElement));

  await page.goBack();
  await dialog.waitFor();
  await page.goBack();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(page.errors, []);
});

test("an address with an unknown id shows a message, and one with an invalid percent-encoding opens no profile", async () => {
  const page = await open(calm);
  await page.goto(`${calm.endpoints.site}/#/mysfits/nobody%2Fat%20all`);
  await page.locator("#profile .state", { hasText: "There is no mysfit with this address." }).waitFor();
  assert.equal(await page.locator("#profile .retry").isVisible(), false);
  await assertAccessible(page);
  await page.locator("#profile .close").click();
  await page.goto(`${calm.endpoints.site}/#/mysfits/%E0%A4%A`);
  assert.equal(await page.locator("#profile").isVisible(), false);
  assert.deepEqual(page.errors, []);
});

test("a successful like is counted and shows a link to its trace", async () => {
  const page = await open(calm);
  const place = card(page, "Nessi");
  await place.locator(".heart").click();
  await waitForMessage(place, /^Liked in \d+ ms$/);
  await place.locator(".likes", { hasText: "1 like" }).waitFor();
  const id = await mysfitId(place);
  assert.equal((await fetchMysfit(calm, id)).likes, "1");
  const trace = await place.locator(".trace").textContent();
  assert.match(trace, /^1-[0-9a-f]{8}-[0-9a-f]{24}$/);

  const [read, liked] = await requestRows(page);
  assert.equal(read[0], `GET /mysfits/${id}`);
  assert.deepEqual([liked[0], liked[1], liked[3]], [`POST /mysfits/${id}/like`, "200", trace]);
  assert.match(liked[2], /^\d+ ms$/);
  assert(page.said.some((line) => line.startsWith(`POST /mysfits/${id}/like 200 `) && line.endsWith(trace)), page.said.join("\n"));

  await until(async () => (await calm.ask("Traces", { TraceIds: [trace] })).Traces.length);
  const [shown] = await Promise.all([page.waitForEvent("popup"), place.locator("a.trace").click()]);
  await shown.locator("body", { hasText: trace }).waitFor();
  assert.equal(new URL(shown.url()).pathname, `/traces/${trace}`);
  await shown.locator("body", { hasText: "DynamoDB" }).waitFor();
});

test("a double click, a held key and a click during a like each send one like", async () => {
  const page = await open(calm);
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && sent.push(request.url()));
  const double = card(page, "Gretta");
  await double.locator(".heart").click();
  await double.locator(".likes", { hasText: "1 like" }).waitFor();
  await page.mouse.down({ clickCount: 2 }); // the second click of a double click, after the response
  await page.mouse.up({ clickCount: 2 });
  const held = card(page, "Snowflake");
  await held.locator(".heart").focus();
  await page.keyboard.down("Enter");
  await held.locator(".likes", { hasText: "1 like" }).waitFor();
  await page.keyboard.down("Enter"); // A key that is held down repeats its keydown event.
  await page.keyboard.up("Enter");
  assert.equal(sent.length, 2);
  // A separate click sends another like.
  assert.equal(await held.locator(".heart").getAttribute("aria-label"), "Like Snowflake once more");
  await held.locator(".heart").click();
  await held.locator(".likes", { hasText: "2 likes" }).waitFor();
  for (const [place, likes] of [[double, "1"], [held, "2"]]) {
    assert.equal((await fetchMysfit(calm, await mysfitId(place))).likes, likes);
  }

  const late = await open(slow);
  late.on("request", (request) => request.method() === "POST" && sent.push(request.url()));
  const waiting = card(late, "Gary");
  await waiting.locator(".heart").click();
  await waitForMessage(waiting, "Still waiting");
  await waiting.locator(".heart").click({ force: true }); // `force`, because the button has aria-disabled
  await waitForMessage(waiting, /^Liked/);
  assert.equal(sent.length, 4);
});

test("a slow like shows the elapsed time and is marked as slow at its end", async () => {
  const page = await open(slow);
  await page.evaluate(() => {
    const live = document.querySelector("body > .spoken");
    window.spoken = [];
    new MutationObserver(() => window.spoken.push(live.textContent)).observe(live, { subtree: true, childList: true, characterData: true });
  });
  const place = card(page, "Pauly");
  await place.locator(".heart").click();
  await waitForMessage(place, /^Still waiting: \d\.\d s$/);
  assert.equal(await place.locator(".heart").getAttribute("aria-disabled"), "true");
  await picture(page, "site-waiting");
  await waitForMessage(place, /^Liked, but it took [\d,]+ ms$/);
  await place.locator(".likes", { hasText: "1 like" }).waitFor();
  const [late, outcome, ...more] = await page.evaluate(() => window.spoken);
  assert.equal(late, "The like of Pauly takes more than a second.");
  assert.match(outcome, /^Pauly: Liked, but it took [\d,]+ ms$/);
  assert.deepEqual(more, []);
  await page.locator("summary").click();
  assert.match(await page.locator("#happened .sum").textContent(), /, 1 slow$/);
  const row = page.locator("#happened tr", { hasText: "/like" });
  assert.equal(await row.getAttribute("data-outcome"), "slow");
  await picture(page, "site-slow");
  await assertAccessible(page);
});

test("a like answered 404 shows the status, is not counted, and can be retried", async () => {
  const page = await open(lossy, DARK);
  const place = card(page, "Cole");
  await place.locator(".heart").click();
  await waitForMessage(place, /^Not liked: status 404 after \d+ ms$/);
  assert.equal(await place.locator(".heart.liked").count(), 0);
  assert.equal(await place.locator(".likes").textContent(), "");
  assert.match(await place.locator(".trace").textContent(), /^1-/);
  await page.locator("summary").click();
  await picture(page, "site-404");
  await assertAccessible(page);
  await page.locator("summary").click();
  await place.getByRole("button", { name: "Try again" }).click();
  await until(async () => (await requestRows(page)).filter(([what, status]) => what.endsWith("/like") && status === "404").length === 2);
  await page.locator("#happened .sum", { hasText: "2 failed" }).waitFor();
  assert.equal((await fetchMysfit(lossy, await mysfitId(place))).likes, "0");
  assert.deepEqual(page.errors, []);
});

test("the profile and the card show the same likes", async () => {
  const page = await open(slow);
  await card(page, "Hasla").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.locator(".heart").click();
  await waitForMessage(dialog, "Still waiting");
  await page.keyboard.press("Escape");
  await waitForMessage(card(page, "Hasla"), /^Liked, but/);
  await card(page, "Hasla").locator(".name").click();
  await waitForMessage(dialog, /^Liked, but/);
  assert.equal(await dialog.locator(".likes").textContent(), "1 like");
});

test("an adoption needs a confirmation, is sent once, and persists", async () => {
  const page = await open(calm);
  const id = await mysfitId(card(page, "Rujin"));
  await card(page, "Rujin").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.getByRole("button", { name: "Adopt Rujin" }).click();
  await picture(page, "site-adopt");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Not yet" }).click();
  assert.equal((await fetchMysfit(calm, id)).adopted, false);
  assert(await dialog.locator(".adopt").evaluate((it) => it === document.activeElement));

  await dialog.getByRole("button", { name: "Adopt Rujin" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Rujin" }).click();
  await dialog.locator(".adopt-message", { hasText: /^Rujin is yours, after \d+ ms\.$/ }).waitFor();
  assert.equal((await fetchMysfit(calm, id)).adopted, true);
  await page.keyboard.press("Escape");
  await until(() => new URL(page.url()).hash === "");
  await card(page, "Rujin").locator(".adopted", { hasText: "Adopted" }).waitFor();

  await page.goto(`${calm.endpoints.site}/#/mysfits/${id}`);
  await page.reload();
  const button = dialog.getByRole("button", { name: "Rujin has a home." });
  await button.waitFor();
  await button.click({ force: true }); // `force`, because the button has aria-disabled
  assert.equal(await dialog.locator(".confirm").isVisible(), false);
  assert.deepEqual((await requestRows(page)).filter(([what]) => what.endsWith("/adopt")), []);
});

/** Holds requests of `method` to paths that end with `path` until `release` is called: before they are sent, or after the response. */
async function holdRequests(page, when, method, path) {
  const hold = { count: 0 };
  const released = new Promise((resolve) => (hold.release = resolve));
  await page.route((url) => url.pathname.endsWith(path), async (route) => {
    if (route.request().method() !== method) return route.fallback();
    const response = when === "after" ? await route.fetch() : undefined;
    hold.count += 1;
    await released;
    return response ? route.fulfill({ response }) : route.continue();
  });
  return hold;
}

test("a like that ends during an adoption does not enable the Adopt button", async () => {
  const page = await open(calm);
  const adoption = await holdRequests(page, "before", "POST", "/adopt");
  await card(page, "Twilight Glitter").locator(".name").click();
  const dialog = page.locator("#profile");
  const button = dialog.locator(".adopt");
  await dialog.getByRole("button", { name: "Adopt Twilight Glitter" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Twilight Glitter" }).click();
  await until(() => adoption.count === 1);
  await dialog.locator(".heart").click();
  await waitForMessage(dialog, /^Liked in/);
  await dialog.locator(".likes", { hasText: "1 like" }).waitFor();
  const assertUnderWay = async () => {
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    await dialog.getByRole("button", { name: /^Adopting… / }).waitFor();
    await button.click({ force: true });
    assert.equal(await dialog.locator(".confirm").isVisible(), false);
  };
  await assertUnderWay();
  // The button stays disabled when the profile is closed and opened again.
  await page.keyboard.press("Escape");
  await card(page, "Twilight Glitter").locator(".name").click();
  await dialog.locator(".facts").waitFor();
  await assertUnderWay();
  adoption.release();
  await dialog.locator(".adopt-message", { hasText: /^Twilight Glitter is yours, after [\d,]+ ms\.$/ }).waitFor();
  assert.equal(await button.textContent(), "Twilight Glitter has a home.");
  assert.equal(adoption.count, 1);
});

test("a profile response older than the adoption does not enable the Adopt button", async () => {
  const page = await open(calm);
  const id = await mysfitId(card(page, "Atlantis"));
  await card(page, "Atlantis").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.locator(".facts").waitFor();
  const profile = await holdRequests(page, "after", "GET", id);
  await dialog.locator(".heart").click();
  await until(() => profile.count === 1);
  await dialog.getByRole("button", { name: "Adopt Atlantis" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Atlantis" }).click();
  await dialog.locator(".adopt-message", { hasText: /^Atlantis is yours/ }).waitFor();
  profile.release();
  await dialog.locator(".likes", { hasText: "1 like" }).waitFor();
  assert.equal(await dialog.locator(".adopt").textContent(), "Atlantis has a home.");
  assert.equal(await dialog.locator(".adopt").getAttribute("aria-disabled"), "true");
});

test("a failed adoption can be retried", async () => {
  const page = await open(calm);
  await page.route((url) => url.pathname.endsWith("/adopt"), (route) => route.abort());
  await card(page, "Hasla").locator(".name").click();
  const dialog = page.locator("#profile");
  await dialog.getByRole("button", { name: "Adopt Hasla" }).click();
  await dialog.getByRole("button", { name: "Yes, adopt Hasla" }).click();
  await dialog.locator(".adopt-message", { hasText: /^The adoption failed: no readable response/ }).waitFor();
  assert.equal(await dialog.locator(".adopt").getAttribute("aria-disabled"), "false");
  await dialog.getByRole("button", { name: "Adopt Hasla" }).click();
  assert(await dialog.locator(".confirm").isVisible());
});

test("a page of another origin can send an Authorization header, which `*` in CORS does not cover", async () => {
  const page = await open(calm);
  const status = await page.evaluate(async (alb) => {
    const headers = { Authorization: "Bearer none", "Content-Type": "application/json" };
    return (await fetch(`${alb}/mysfits`, { headers })).status;
  }, calm.endpoints.alb);
  assert.equal(status, 200);
});

test("filters, likes, profiles and adoptions work with the keyboard alone", async () => {
  const page = await open(calm);
  const tab = (times) => Array.from({ length: times }).reduce((done) => done.then(() => page.keyboard.press("Tab")), Promise.resolve());
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
  await tab(2);
  assert.equal(await focused(), "Good");
  await page.keyboard.press("Space");
  await until(async () => (await page.locator("#state").textContent()) !== "12 mysfits");
  await waitForState(page, /^\d+ mysfits$/);
  await tab(6);
  const name = await focused();
  await tab(1);
  assert.match(await focused(), new RegExp(`^Like ${name}`));
  await page.keyboard.press("Enter");
  await waitForMessage(card(page, name), /^Liked/);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name }).locator(".facts").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert(await page.locator("#happened table").isVisible());
});

test("an unreachable API shows an error and a retry button, also when another web server serves the site", async () => {
  const site = await serveSite("http://127.0.0.1:9");
  const page = await browser.open(site.url, NARROW);
  await waitForState(page, /^The mysfits cannot be shown: no readable response after \d+ ms\.$/);
  assert.equal(await cards(page).count(), 0);
  await picture(page, "site-down");
  await assertAccessible(page);
  await page.getByRole("button", { name: "Try again" }).click();
  await until(async () => (await requestRows(page)).length === 2);
  assert.deepEqual((await requestRows(page)).map((row) => row[1]), ["no readable response", "no readable response"]);
  assert(await page.locator("#state").evaluate((it) => it === document.activeElement));
  await page.goto(`${site.url}/#/mysfits/${MYSFIT}`);
  await page.locator("#profile .state", { hasText: "The profile cannot be shown: no readable response" }).waitFor();
  assert(await page.locator("#profile .retry").isVisible());
  await assertAccessible(page);
  site.stop();
});

test("a response without CORS headers is shown as unreadable, without a status", async () => {
  // The lab's site answers 404 without CORS headers.
  const site = await serveSite(calm.endpoints.site);
  const page = await browser.open(site.url);
  await waitForState(page, /no readable response after \d+ ms/);
  assert.deepEqual((await requestRows(page)).map((row) => row.slice(1, 2)), [["no readable response"]]);
  site.stop();
});

test("a 200 with an unexpected body is shown as a failure", async () => {
  const stranger = createServer((_, response) => response.writeHead(200, { "Access-Control-Allow-Origin": "*" }).end('{"mysfits": 12}'));
  const api = await listenOnLoopback(stranger);
  const site = await serveSite(api.url);
  const page = await browser.open(site.url);
  await waitForState(page, /^The mysfits cannot be shown: status 200 with an unexpected body, after \d+ ms\.$/);
  site.stop();
  api.stop();
});

test("a like answered by the load balancer itself is shown as possibly counted", async () => {
  const lab = await Lab.start({ env: { ...SLOW_LIKES, CHAOS_STRESS_PERCENT: "100", CHAOS_NOT_FOUND_PERCENT: "0" } });
  const page = await open(lab);
  const place = card(page, "Atlantis");
  const task = lab.endpoints.tasks.find((it) => it.service === "like-service");
  await place.locator(".heart").click();
  await waitForMessage(place, "Still waiting");
  process.kill(task.pid, "SIGKILL");
  await waitForMessage(place, /^This like may or may not be counted: no readable response after \d+ ms$/);
  assert.equal(await place.locator(".trace").count(), 0);
  assert.equal(await place.locator(".again").textContent(), "Try again (it may count twice)");
  await assertAccessible(page);
  await until(async () => (await lab.like()) === 200);
  await place.locator(".again").click();
  await waitForMessage(place, /^Liked/);
  await lab.stop();
});

test("placeholder cards are shown while the list loads", async () => {
  const page = await browser.open("about:blank");
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 1500, downloadThroughput: 50_000, uploadThroughput: 50_000 });
  await page.addInitScript(() => {
    new MutationObserver(() => {
      const isLoading = document.querySelector("#state")?.textContent.startsWith("Loading");
      if (isLoading) window.shownAtFirst ??= document.querySelectorAll(".skeleton").length;
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto(calm.endpoints.site, { waitUntil: "commit" });
  await page.locator(".skeleton").first().waitFor();
  assert.equal(await page.evaluate(() => window.shownAtFirst), 12);
  assert.equal(await page.locator("#grid").getAttribute("aria-busy"), "true");
  await picture(page, "site-skeleton");
  await assertAccessible(page);
  await waitForState(page, "12 mysfits");
  assert.equal(await page.locator(".skeleton").count(), 0);
});

test("there are no animations with `prefers-reduced-motion`", async () => {
  const moving = (page) => page.evaluate(() => document.getAnimations().length);
  for (const [reducedMotion, moves] of [["no-preference", true], ["reduce", false]]) {
    const page = await open(slow, { reducedMotion });
    const place = card(page, "Evangeline");
    await place.locator(".heart").click();
    await waitForMessage(place, "Still waiting");
    assert.equal((await moving(page)) > 0, moves, reducedMotion);
    await waitForMessage(place, /^Liked/);
    await page.context().close();
  }
});
