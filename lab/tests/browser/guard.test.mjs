// Pages of other origins in a real browser: they can neither change nor read data of the lab's listeners.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Browser, Lab, always, until } from "./lab.mjs";

let browser;
let lab;
/** A web server of somebody else. */
let server;

before(async () => {
  server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<title>page</title>"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Both names resolve to this machine, as in a DNS rebinding attack.
  browser = await Browser.start(["--host-resolver-rules=MAP *.example 127.0.0.1"]);
  lab = await Lab.start({ options: ["--chaos", "off", "--allowed-origin", pageUrl("app.example")] });
});

after(async () => {
  await browser?.stop();
  await lab?.stop();
  server?.close();
});

const pageUrl = (host) => `http://${host}:${server.address().port}`;

/** What a page can send: name, URL, and the options of `fetch`. */
function attempts({ site, dynamodb, otlp, xray, table }) {
  const document = { trace_id: "1-00000001-000000000000000000000001", id: "0000000000000001", name: "evil", start_time: 1, end_time: 2 };
  const segments = JSON.stringify({ TraceSegmentDocuments: [JSON.stringify(document)] });
  const rule = { RuleName: "evil", Priority: 1, FixedRate: 0, ReservoirSize: 0, ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*", ResourceARN: "*", Version: 1 };
  const json = { "Content-Type": "application/json" };
  const signed = { "Content-Type": "application/x-amz-json-1.0", "X-Amz-Date": "20260101T000000Z", Authorization: "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00" };
  const call = (operation) => ({ method: "POST", headers: { ...signed, "X-Amz-Target": `DynamoDB_20120810.${operation}` }, body: JSON.stringify({ TableName: table }) });
  return [
    ["segments as text", `${xray.api}/TraceSegments`, { method: "POST", mode: "no-cors", body: segments }],
    ["segments as JSON", `${xray.api}/TraceSegments`, { method: "POST", headers: json, body: segments }],
    ["a sampling rule", `${xray.api}/CreateSamplingRule`, { method: "POST", mode: "no-cors", body: JSON.stringify({ SamplingRule: rule }) }],
    ["a group", `${xray.api}/CreateGroup`, { method: "POST", mode: "no-cors", body: JSON.stringify({ GroupName: "evil", FilterExpression: "ok" }) }],
    ["the status", `${xray.api}/status`, {}],
    ["the traces", `${xray.api}/TraceSummaries`, { method: "POST", body: JSON.stringify(always()) }],
    ["the site's X-Ray", `${site}/xray/TraceSegments`, { method: "POST", mode: "no-cors", body: segments }],
    ["log lines", `${site}/logs/monolith`, {}],
    ["a stopped task", `${site}/lab/tasks/${lab.endpoints.tasks[0].id}/stop`, { method: "POST", mode: "no-cors" }],
    ["spans", `${otlp}/v1/traces`, { method: "POST", headers: json, body: JSON.stringify(spans("evil")) }],
    ["a deleted table", dynamodb, call("DeleteTable")],
    ["the table", dynamodb, call("Scan")],
  ];
}

function spans(service) {
  const start = BigInt(Date.now()) * 1_000_000n;
  const span = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", name: "load", kind: 2, startTimeUnixNano: String(start), endTimeUnixNano: String(start + 1_000_000n) };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
}

/** In the page: sends each attempt and returns what the page learns. */
const fetched = (page, all) => page.evaluate(async (all) => {
  const learned = [];
  for (const [name, url, options] of all) {
    const answer = await fetch(url, options).then(async (it) => `${it.type} ${it.status} ${await it.text()}`, () => "nothing");
    learned.push([name, answer]);
  }
  return learned;
}, all);

/** What pages of other origins could have changed. */
async function state() {
  const status = await (await fetch(`${lab.endpoints.xray.api}/status`)).json();
  const rules = await lab.ask("GetSamplingRules", {});
  const groups = await lab.ask("Groups", {});
  const table = await (await fetch(`${lab.endpoints.alb}/mysfits`)).json();
  return { refused: status.Refused, rules, groups, mysfits: table.mysfits.length };
}

test("a page of another origin changes nothing and reads nothing", async () => {
  const before = await state();
  for (const host of ["127.0.0.1", "localhost", "evil.example"]) {
    const page = await browser.open(pageUrl(host));
    for (const [name, learned] of await fetched(page, attempts(lab.endpoints))) {
      assert.match(learned, /^(nothing|opaque 0 )$/, `${host}: ${name}`);
    }
    await page.context().close();
  }
  assert.deepEqual(await state(), before);
  assert.deepEqual(await lab.found('service("evil")'), []);
});

test("a form, a beacon and a WebSocket of another origin are refused", async () => {
  const page = await browser.open(pageUrl("evil.example"));
  const { xray, site } = lab.endpoints;
  const answers = [];
  page.on("response", (response) => answers.push([new URL(response.url()).pathname, response.status()]));
  await page.evaluate(([api, site]) => {
    // The name and the value of the form field together are valid JSON.
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", enctype: "text/plain", action: `${api}/CreateGroup`, target: "frame" });
    const field = document.createElement("input");
    field.name = '{"GroupName": "form", "FilterExpression": "ok", "x": "';
    field.value = '"}';
    form.append(field);
    const frame = document.createElement("iframe");
    frame.name = "frame";
    document.body.append(frame, form);
    form.submit();
    navigator.sendBeacon(`${api}/CreateGroup?beacon`, '{"GroupName": "beacon", "FilterExpression": "ok"}');
    new WebSocket(site.replace("http", "ws"));
  }, [xray.api, site]);
  await until(() => answers.filter(([path]) => path === "/CreateGroup").length === 2);
  assert(answers.every(([, status]) => status === 403), JSON.stringify(answers));
  assert.deepEqual((await lab.ask("Groups", {})).Groups.filter((it) => it.GroupName !== "Default"), []);
});

test("a host name that resolves to this machine by DNS rebinding gets 403 from every listener", async () => {
  const { xray, otlp, dynamodb, site, table } = lab.endpoints;
  for (const url of [xray.api, otlp, dynamodb, site]) {
    const origin = `http://evil.example:${new URL(url).port}`;
    const page = await browser.open(origin);
    assert.match(await page.locator("body").textContent(), /AccessDeniedException/);
    const own = attempts({ xray: { api: origin }, otlp: origin, dynamodb: origin, site: origin, table });
    for (const [name, learned] of await fetched(page, own)) {
      assert.match(learned, /^basic 403 /, `${url}: ${name}`);
      assert.doesNotMatch(learned, /Mysfit|Documents|TraceSummaries/);
    }
    await page.context().close();
  }
  assert.equal((await state()).mysfits, 12);
  assert.deepEqual(await lab.found('service("evil")'), []);
});

test("a page of an allowed origin sends spans by fetch and by beacon, and reads the response", async () => {
  const page = await browser.open(pageUrl("app.example"));
  const url = `${lab.endpoints.otlp}/v1/traces`;
  const answer = await page.evaluate(async ([url, body]) => {
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-App": "1" }, body });
    return [response.status, await response.json()];
  }, [url, JSON.stringify(spans("fetched"))]);
  assert.deepEqual(answer, [200, {}]);
  await until(async () => (await lab.found('service("fetched")')).length === 1);
  const beacon = spans("beacon");
  beacon.resourceSpans[0].scopeSpans[0].spans[0].traceId = "5b8efff798038103d269b633813fc60d";
  await page.evaluate(([url, body]) => navigator.sendBeacon(url, new Blob([body], { type: "application/json" })), [url, JSON.stringify(beacon)]);
  await until(async () => (await lab.found('service("beacon")')).length === 1);
  // The other listeners allow this origin too.
  const [[, status]] = await fetched(page, [["status", `${lab.endpoints.xray.api}/status`, {}]]);
  assert.match(status, /^cors 200 /);
});
