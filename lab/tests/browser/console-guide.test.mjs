// The guide in the console: its pages, and the buttons that copy commands and check steps.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { after, before, test } from "node:test";

import { Browser, Lab, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";
import { merge, stateOf, summarize } from "../../pages/guide/progress.js";

const DOCS = new URL("../../../docs/labs/", import.meta.url);

let lab;
let browser;

before(async () => {
  browser = await Browser.start();
  lab = await Lab.start({ options: ["--chaos", "off"] });
});

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

async function openGuide(path = "", options) {
  const page = await browser.open(`${lab.endpoints.site}/console/guide${path}`, options);
  await page.locator(".guide-text > *").first().waitFor();
  return page;
}

test("every page of docs/labs is in the navigation, with its headings and blocks of code, and without comments", async () => {
  const page = await openGuide();
  const links = page.getByRole("navigation", { name: "Pages of the guide" }).locator("ul > li > a");
  const paths = await links.evaluateAll((anchors) => anchors.map((anchor) => anchor.pathname));
  const files = (await readdir(DOCS)).map((file) => file.replace(/\.md$/, ""));
  assert.deepEqual(paths.map((path) => path.replace("/console/guide", "").slice(1) || "README").sort(), files.sort());
  for (const path of paths) {
    const name = path.replace("/console/guide", "").slice(1);
    await page.goto(lab.endpoints.site + path);
    const source = await readFile(new URL(`${name || "README"}.md`, DOCS), "utf8");
    await page.getByRole("heading", { level: 1, name: source.match(/^# (.*)$/m)[1], exact: true }).waitFor();
    await page.locator(".guide-text > *").first().waitFor();
    const [text, blocks] = await page.locator(".guide-text").evaluate((it) => [it.textContent, [...it.querySelectorAll("pre")].map((block) => block.textContent.trimEnd())]);
    const expected = [...source.matchAll(/^([ >]*)```\w*\n(.*?)^\1```$/gms)].map(([, indent, code]) => code.replaceAll(new RegExp(`^${indent}`, "gm"), "").trimEnd());
    assert.deepEqual(blocks, expected, path);
    assert.doesNotMatch(text, /<!--|guide: (numbers|repeat)|<details>/, path);
  }
  assert.deepEqual(page.errors, []);
});

test("a command is copied, also the one that checks a step", async () => {
  const page = await openGuide("/2-logs");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  for (const command of ["cargo run -q -- goto 2", "cargo run -q -- check 2.1"]) {
    const box = page.locator(".copy-box", { has: page.getByText(command, { exact: true }) });
    await box.getByRole("button", { name: "Copy" }).click();
    await box.getByRole("button", { name: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  }
  // What a command prints is not copied.
  const outputs = page.locator(".guide-output");
  assert(await outputs.count() > 0);
  assert.equal(await outputs.filter({ hasText: /^Output/ }).count(), await page.locator("code.language-text").count());
  assert.equal(await outputs.getByRole("button", { includeHidden: true }).count(), 0);
});

test("links lead to pages and headings of the guide, to the lab, and to other sites in a new tab", async () => {
  const page = await openGuide("/2-logs?range=900");
  await page.getByRole("link", { name: "lab 1", exact: true }).click();
  await page.waitForURL("**/console/guide/1-task-metadata?range=900#11-add-a-container-to-the-task-definition");
  const heading = page.getByRole("heading", { name: "1.1 Add a container to the task definition" });
  await waitUntil(() => heading.evaluate((it) => Math.abs(it.getBoundingClientRect().top) < 60));
  await page.goto(`${lab.endpoints.site}/console/guide/2-logs`);
  const links = page.locator(".guide-text");
  await links.getByRole("link", { name: "http://127.0.0.1:3000/logs/like-service" }).waitFor();
  assert.equal(await links.getByRole("link", { name: "http://127.0.0.1:3000/logs/like-service" }).getAttribute("href"), "/logs/like-service");
  const awslogs = links.getByRole("link", { name: "awslogs" });
  assert.deepEqual([await awslogs.getAttribute("target"), await awslogs.getAttribute("rel")], ["_blank", "noopener"]);
  // What is not in the guide is no link.
  assert.equal(await links.getByRole("link", { name: "what the lab does with them" }).count(), 0);
  assert.equal(await links.getByText("what the lab does with them").count(), 1);
});

test("a check button says what is missing and what is done, and the navigation shows it", async () => {
  const page = await openGuide("/2-logs");
  const result = page.locator(".guide-result").first();
  const step = page.getByRole("navigation", { name: "Pages of the guide" }).getByRole("link", { name: "2.1 Read the log" });
  await page.getByRole("button", { name: "Check 2.1" }).click();
  await result.getByText("The step is not done yet.").waitFor();
  assert.match(await result.textContent(), /missing The log group .* has 0 likes; this step wants 10\./);
  assert.match(await step.textContent(), /not done yet/);
  await assertAccessible(page);
  for (let count = 0; count < 10; count += 1) assert.equal(await lab.sendLike(), 200);
  await page.getByRole("button", { name: "Check 2.1" }).click();
  await result.getByText("The step is done.").waitFor();
  assert.match(await step.textContent(), /✓/);
  await page.reload();
  await page.getByRole("navigation", { name: "Pages of the guide" }).getByText("1 of 3").waitFor();
  await saveScreenshot(page, "console-guide");
  assert.deepEqual(page.errors, []);
});

test("the index shows the progress of all labs, as far as they are checked", async () => {
  const page = await openGuide();
  await page.getByRole("heading", { name: /^Your progress: 0 of \d+ steps$/ }).waitFor();
  await page.getByRole("button", { name: "Check all steps" }).click();
  const progress = page.getByRole("region", { name: /^Your progress/ });
  const first = progress.getByRole("link", { name: "0.1 Start the lab" });
  await waitUntil(async () => (await first.textContent()).includes("✓"));
  await page.getByRole("heading", { name: /^Your progress: [1-9]\d* of \d+ steps$/ }).waitFor();
  assert.equal(await first.evaluate((it) => it.pathname + it.hash), "/console/guide/0-set-up#01-start-the-lab");
  assert.deepEqual(page.errors, []);
});

test("a page that does not exist leads to those that do", async () => {
  const page = await browser.open(`${lab.endpoints.site}/console/guide/none`);
  await page.getByText("the guide has no such page").waitFor();
  await page.getByRole("link", { name: "All pages of the guide" }).click();
  await page.getByRole("heading", { level: 1, name: "The guide" }).waitFor();
});

test("the guide is accessible and does not scroll horizontally: light, dark, narrow and wide", async () => {
  for (const [path, options] of [["", { viewport: { width: 360, height: 740 } }], ["/2-logs", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
    ["", { colorScheme: "dark" }], ["/1-task-metadata", { viewport: { width: 1920, height: 1080 } }]]) {
    const page = await openGuide(path, options);
    for (const summary of await page.locator(".guide-text summary").all()) await summary.click();
    await assertAccessible(page);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
});

test("results of checks are counted by page, and newer ones replace older ones", () => {
  const steps = [{ id: "1.1" }, { id: "1.2" }, { id: "1.3" }];
  const old = merge({}, [{ id: "1.1", isDone: false }, { id: "1.2", isDone: null }], 1);
  const results = merge(old, [{ id: "1.1", isDone: true }], 2);
  assert.deepEqual(results["1.1"], { id: "1.1", isDone: true, at: 2 });
  assert.deepEqual(steps.map(({ id }) => stateOf(results[id])), ["done", "unknown", "unchecked"]);
  assert.equal(summarize(steps, results), "1 of 3");
  assert.equal(summarize(steps, {}), "");
});
