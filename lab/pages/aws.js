// Clients of the lab's AWS APIs. The lab answers at /aws what its AWS endpoint answers, so that the console has no other source than the AWS CLI.

/** An error response of an AWS API. `code` is for example `ServiceNotFoundException`. */
export class AwsError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** The lab did not respond: it has ended, or it is being restarted. */
export class NoResponseError extends Error {}

/** Says in words what went wrong, or undefined if the error is a mistake of the page. */
export function describeError(error) {
  if (error instanceof AwsError) return error.message ? `${error.code}: ${error.message}` : `${error.code}.`;
  return error instanceof NoResponseError ? "The lab does not answer." : undefined;
}

/** A lab that does not answer for so long has stopped. */
const TIMEOUT_MS = 30_000;

/**
 * Sends a request to the AWS endpoint, and reads the response: `{response, text}`. `fetch` reports a broken connection by a TypeError, which is also what a
 * mistake of the page throws.
 */
async function send(init, path = "") {
  try {
    const response = await fetch(`/aws/${path}`, { method: "POST", signal: AbortSignal.timeout(TIMEOUT_MS), ...init });
    return { response, text: await response.text() };
  } catch (cause) {
    throw new NoResponseError("no response", { cause });
  }
}

/** An error response may have another form, if it is not of an AWS API. */
function parse({ response, text }) {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    throw new AwsError(String(response.status), text.slice(0, 200));
  }
}

/** Returns a function `call(operation, request)` for a service with the protocol AWS JSON. */
const jsonClient = (targetPrefix, version) => async (operation, request = {}) => {
  const headers = { "content-type": `application/x-amz-json-${version}`, "x-amz-target": `${targetPrefix}.${operation}` };
  const answer = await send({ headers, body: JSON.stringify(request) });
  const { response } = answer;
  const body = parse(answer);
  if (response.ok) return body;
  const code = String(body.__type ?? response.status).split("#").at(-1);
  throw new AwsError(code, body.message ?? body.Message ?? `status ${response.status}`);
};

export const ecs = jsonClient("AmazonEC2ContainerServiceV20141113", "1.1");
export const cloudwatch = jsonClient("GraniteServiceVersion20100801", "1.0");
export const logs = jsonClient("Logs_20140328", "1.1");
export const autoScaling = jsonClient("AnyScaleFrontendService", "1.1");
export const dynamodb = jsonClient("DynamoDB_20120810", "1.0");

/** Calls X-Ray (protocol REST-JSON): `path` is an operation's path, for example `ServiceGraph`. */
export async function xray(path, request) {
  const answer = await send({ headers: { "content-type": "application/json" }, body: JSON.stringify(request) }, path);
  const { response } = answer;
  const body = parse(answer);
  if (response.ok) return body;
  throw new AwsError(response.headers.get("x-amzn-errortype") ?? String(response.status), body.Message ?? body.message ?? `status ${response.status}`);
}

const ELB_VERSION = "2015-12-01";

/** Calls an operation of Elastic Load Balancing v2 (query protocol, XML). Lists in the response are arrays; all values are strings. */
export async function elb(operation, request = {}) {
  const body = new URLSearchParams({ Action: operation, Version: ELB_VERSION, ...flattenRequest(request) });
  const { response, text } = await send({ body });
  const xml = new DOMParser().parseFromString(text, "application/xml");
  if (response.ok) return readElement(xml.querySelector(`${operation}Result`)) || {};
  const read = (name) => xml.querySelector(name)?.textContent;
  throw new AwsError(read("Code") ?? String(response.status), read("Message") ?? `status ${response.status}`);
}

/** Names nested values as the query protocol does: `Targets.member.1.Id`. */
function flattenRequest(value, name = "") {
  if (value === undefined) return {};
  if (typeof value !== "object") return { [name]: String(value) };
  const entries = Array.isArray(value)
    ? value.map((item, index) => [`${name}.member.${index + 1}`, item])
    : Object.entries(value).map(([key, item]) => [name ? `${name}.${key}` : key, item]);
  return Object.assign({}, ...entries.map(([key, item]) => flattenRequest(item, key)));
}

/**
 * An element without children is a string, or `undefined` if it is empty (XML does not tell an empty list from an empty string). One whose children are all
 * `member` is an array, and any other is an object.
 */
function readElement(element) {
  if (!element) return undefined;
  const children = [...element.children];
  if (!children.length) return element.textContent || undefined;
  if (children.every((child) => child.localName === "member")) return children.map(readElement);
  return Object.fromEntries(children.map((child) => [child.localName, readElement(child)]));
}

/** Calls `call(operation, request)` until there is no further page, and returns the joined lists `listName`. */
export async function listAll(call, operation, request, listName, tokenName = "nextToken") {
  const items = [];
  let token;
  do {
    const page = await call(operation, token ? { ...request, [tokenName]: token } : request);
    items.push(...(page[listName] ?? []));
    token = page[tokenName];
  } while (token);
  return items;
}
