// Tests in a real browser: pages of other origins can neither change nor read data of the lab's listeners.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Browser, Lab, MYSFIT_ID, longestTimeRange, waitUntil } from "./lab.mjs";

let browser;
let lab;
/** A web server for pages of other origins. */
let otherServer;

before(async () => {
  otherServer = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<title>page</title>"));
  await new Promise((resolve) => otherServer.listen(0, "127.0.0.1", resolve));
  // All names below `.example` resolve to this machine, as in a DNS rebinding attack.
  browser = await Browser.start(["--host-resolver-rules=MAP *.example 127.0.0.1"]);
  lab = await Lab.start({ options: ["--chaos", "off", "--allowed-origin", pageUrl("app.example")] });
});

after(async () => {
  await browser?.stop();
  await lab?.stop();
  otherServer?.close();
});

const pageUrl = (host) => `http://${host}:${otherServer.address().port}`;

/** Requests that a page can send: name, URL, and the options of `fetch`. */
function listRequests({ site, dynamodb, aws, otlp, xray, table }) {
  const segment = { trace_id: "1-00000001-000000000000000000000001", id: "0000000000000001", name: "evil", start_time: 1, end_time: 2 };
  const segmentsBody = JSON.stringify({ TraceSegmentDocuments: [JSON.stringify(segment)] });
  const samplingRule = { RuleName: "evil", Priority: 1, FixedRate: 0, ReservoirSize: 0, ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*", ResourceARN: "*", Version: 1 };
  const jsonHeaders = { "Content-Type": "application/json" };
  const signedHeaders = { "Content-Type": "application/x-amz-json-1.0", "X-Amz-Date": "20260101T000000Z", Authorization: "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00" };
  const dynamodbCall = (operation) => ({ method: "POST", headers: { ...signedHeaders, "X-Amz-Target": `DynamoDB_20120810.${operation}` }, body: JSON.stringify({ TableName: table }) });
  return [
    ["segments as text", `${xray.api}/TraceSegments`, { method: "POST", mode: "no-cors", body: segmentsBody }],
    ["segments as JSON", `${xray.api}/TraceSegments`, { method: "POST", headers: jsonHeaders, body: segmentsBody }],
    ["a sampling rule", `${xray.api}/CreateSamplingRule`, { method: "POST", mode: "no-cors", body: JSON.stringify({ SamplingRule: samplingRule }) }],
    ["a group", `${xray.api}/CreateGroup`, { method: "POST", mode: "no-cors", body: JSON.stringify({ GroupName: "evil", FilterExpression: "ok" }) }],
    ["the status", `${xray.api}/status`, {}],
    ["the traces", `${xray.api}/TraceSummaries`, { method: "POST", body: JSON.stringify(longestTimeRange()) }],
    ["the site's AWS APIs", `${site}/aws/TraceSegments`, { method: "POST", mode: "no-cors", body: segmentsBody }],
    ["a reset", `${site}/lab/reset`, { method: "POST", mode: "no-cors" }],
    ["a check", `${site}/lab/check/0.1`, { method: "POST", mode: "no-cors" }],
    ["log lines", `${site}/logs/monolith`, {}],
    ["a stopped task", aws, { method: "POST", headers: { ...jsonHeaders, "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.StopTask" }, body: JSON.stringify({ cluster: "Cluster-mysfits", task: lab.endpoints.tasks[0].id }) }],
    ["spans", `${otlp}/v1/traces`, { method: "POST", headers: jsonHeaders, body: JSON.stringify(createOtlpRequest("evil")) }],
    ["a deleted table", dynamodb, dynamodbCall("DeleteTable")],
    ["the table", dynamodb, dynamodbCall("Scan")],
    ["a deleted table at the AWS endpoint", aws, dynamodbCall("DeleteTable")],
    ["the table at the AWS endpoint", aws, dynamodbCall("Scan")],
    ["segments at the AWS endpoint", `${aws}/TraceSegments`, { method: "POST", mode: "no-cors", body: segmentsBody }],
    ["the caller", aws, { method: "POST", body: new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }).toString(), headers: { "Content-Type": "application/x-www-form-urlencoded" } }],
  ];
}

/** The body of an OTLP request with one span of this service. */
function createOtlpRequest(service) {
  const start = BigInt(Date.now()) * 1_000_000n;
  const span = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", name: "load", kind: 2, startTimeUnixNano: String(start), endTimeUnixNano: String(start + 1_000_000n) };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
}

/** Sends each request from the page, and returns what the page can read: pairs of the name and the response. */
const fetchAll = (page, requests) => page.evaluate(async (requests) => {
  const responses = [];
  for (const [name, url, options] of requests) {
    const response = await fetch(url, options).then(async (it) => `${it.type} ${it.status} ${await it.text()}`, () => "nothing");
    responses.push([name, response]);
  }
  return responses;
}, requests);

/** The data that pages of other origins could have changed. */
async function readState() {
  const status = await (await fetch(`${lab.endpoints.xray.api}/status`)).json();
  const rules = await lab.callXray("GetSamplingRules", {});
  const groups = await lab.callXray("Groups", {});
  const table = await (await fetch(`${lab.endpoints.alb}/mysfits`)).json();
  const { likes } = await (await fetch(`${lab.endpoints.alb}/mysfits/${MYSFIT_ID}`)).json();
  return { refused: status.Refused, rules, groups, mysfits: table.mysfits.length, likes };
}

test("a page of another origin cannot change or read data of any listener", async () => {
  // A reset would set the likes to 0.
  assert.equal(await lab.sendLike(), 200);
  const stateBefore = await readState();
  for (const host of ["127.0.0.1", "localhost", "evil.example"]) {
    const page = await browser.open(pageUrl(host));
    for (const [name, response] of await fetchAll(page, listRequests(lab.endpoints))) {
      assert.match(response, /^(nothing|opaque 0 )$/, `${host}: ${name}`);
    }
    await page.context().close();
  }
  assert.deepEqual(await readState(), stateBefore);
  assert.deepEqual(await lab.findTraces('service("evil")'), []);
});

test("a form, a beacon and a WebSocket of another origin are refused", async () => {
  const page = await browser.open(pageUrl("evil.example"));
  const { xray, site } = lab.endpoints;
  const statuses = [];
  page.on("response", (response) => statuses.push([new URL(response.url()).pathname, response.status()]));
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
  await waitUntil(() => statuses.filter(([path]) => path === "/CreateGroup").length === 2);
  assert(statuses.every(([, status]) => status === 403), JSON.stringify(statuses));
  assert.deepEqual((await lab.callXray("Groups", {})).Groups.filter((it) => it.GroupName !== "Default"), []);
});

test("a host name that resolves to this machine by DNS rebinding gets 403 from every listener", async () => {
  const { xray, otlp, dynamodb, aws, site, table } = lab.endpoints;
  for (const url of [xray.api, otlp, dynamodb, aws, site]) {
    const origin = `http://evil.example:${new URL(url).port}`;
    const page = await browser.open(origin);
    assert.match(await page.locator("body").textContent(), /AccessDeniedException/);
    const requests = listRequests({ xray: { api: origin }, otlp: origin, dynamodb: origin, aws: origin, site: origin, table });
    for (const [name, response] of await fetchAll(page, requests)) {
      assert.match(response, /^basic 403 /, `${url}: ${name}`);
      assert.doesNotMatch(response, /Mysfit|Documents|TraceSummaries/);
    }
    await page.context().close();
  }
  assert.equal((await readState()).mysfits, 12);
  assert.deepEqual(await lab.findTraces('service("evil")'), []);
});

test("a page of an allowed origin sends spans by fetch and by beacon, and reads the response", async () => {
  const page = await browser.open(pageUrl("app.example"));
  const url = `${lab.endpoints.otlp}/v1/traces`;
  const [status, body] = await page.evaluate(async ([url, body]) => {
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-App": "1" }, body });
    return [response.status, await response.json()];
  }, [url, JSON.stringify(createOtlpRequest("fetched"))]);
  assert.equal(status, 200);
  assert.deepEqual(body, {});
  await waitUntil(async () => (await lab.findTraces('service("fetched")')).length === 1);
  const beaconBody = createOtlpRequest("beacon");
  beaconBody.resourceSpans[0].scopeSpans[0].spans[0].traceId = "5b8efff798038103d269b633813fc60d";
  await page.evaluate(([url, body]) => navigator.sendBeacon(url, new Blob([body], { type: "application/json" })), [url, JSON.stringify(beaconBody)]);
  await waitUntil(async () => (await lab.findTraces('service("beacon")')).length === 1);
  // `--allowed-origin` also applies to the listener of the X-Ray API.
  const [[, statusPage]] = await fetchAll(page, [["status", `${lab.endpoints.xray.api}/status`, {}]]);
  assert.match(statusPage, /^cors 200 /);
});
