// Helpers of the page tests: a lab in its own process, a browser, and functions that several tests use.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";

// script/test installs the packages in another folder and sets NODE_PATH.
const installed = createRequire(join(process.env.NODE_PATH ?? process.cwd(), "here.cjs"));
const { chromium } = installed("playwright-core");
const axe = await readFile(installed.resolve("axe-core/axe.min.js"), "utf8");

/** How long a test waits for an expected event, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** How often a test checks for an expected event, in milliseconds. */
const POLL_INTERVAL_MS = 15;

export const MYSFIT = "4e53920c-505a-4a90-a694-b9300791f0ae";

export const WORKSHOP = 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"';

/** The longest time range that X-Ray answers, up to a minute from now. */
export function always() {
  const end = Math.floor(Date.now() / 1000) + 60;
  return { StartTime: end - 6 * 3600, EndTime: end };
}

export class Lab {
  /** Starts a lab with further options of `cargo run` and further variables for its services. */
  static async start({ options = [], env = {} } = {}) {
    const lab = new Lab();
    lab.directory = await mkdtemp(join(tmpdir(), "lab-"));
    const file = join(lab.directory, "endpoints.json");
    const ports = ["--site-port", "--alb-port", "--dynamodb-port", "--xray-port", "--otlp-port"].flatMap((port) => [port, "0"]);
    // With seed 7 the first likes include slow ones and 404s.
    const usual = ["--no-browser", "--endpoints-file", file, "--seed", "7", "--like-tasks", "1", ...ports];
    const variables = { ...process.env, CHAOS_STRESS_CPU_MS: "1100-1150", ...env };
    lab.process = spawn(process.env.LAB_BIN, [...usual, ...options], { env: variables, stdio: ["ignore", "ignore", "inherit"] });
    lab.ended = new Promise((resolve) => lab.process.once("exit", resolve));
    await until(async () => {
      lab.endpoints = JSON.parse(await readFile(file, "utf8").catch(() => "null"));
      return lab.endpoints;
    });
    return lab;
  }

  /** Sends a like and returns its status. */
  async like() {
    const answer = await fetch(`${this.endpoints.alb}/mysfits/${MYSFIT}/like`, { method: "POST" });
    return answer.status;
  }

  /** Calls an operation of the X-Ray API. */
  async ask(operation, request) {
    const answer = await fetch(`${this.endpoints.xray.api}/${operation}`, { method: "POST", body: JSON.stringify(request) });
    assert.equal(answer.status, 200);
    return answer.json();
  }

  async found(filter) {
    return (await this.ask("TraceSummaries", { ...always(), FilterExpression: filter })).TraceSummaries;
  }

  async stop() {
    this.process.kill("SIGTERM");
    assert.equal(await this.ended, 0);
    await rm(this.directory, { recursive: true });
  }
}

export async function until(look) {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert(Date.now() < deadline, `never: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

export class Browser {
  /** With arguments of Chromium beside those that the tests need. */
  static async start(more = []) {
    const browser = new Browser();
    const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
    browser.chromium = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, args: [...quiet, ...more] });
    return browser;
  }

  /** Opens a page; an error in it fails the test that asks for `errors`. */
  async open(url, options = {}) {
    const context = await this.chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(error.message));
    page.said = [];
    page.on("console", (message) => {
      page.said.push(message.text());
      // The browser also reports responses that are not successful, such as a refused filter.
      const noted = message.text().includes("400 (Bad Request)") || !message.location().url.startsWith(new URL(url).origin);
      if (message.type() === "error" && !noted) page.errors.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  async stop() {
    await this.chromium.close();
  }
}

/** Asserts that the page is right for people who cannot see or point, and as wide as its window. */
export async function assertAccessible(page) {
  // Elements that fade in have a lower contrast until the animation ends.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((it) => it.effect.getComputedTiming().iterations === 1).map((it) => it.finished)));
  // Runs outside the page's own scripts, because the page's policy forbids scripts from other hosts.
  const found = await page.evaluate(async (source) => {
    const run = new Function(`${source}; return axe;`);
    const results = await run().run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
    return results.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(" | ")}`);
  }, axe);
  assert.deepEqual(found, []);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0);
}

/** Keeps a picture for people to look at, where SCREENSHOTS names a directory. */
export async function picture(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}
