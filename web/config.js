// The settings of one installation. The lab and the upload to S3 replace this file.

/** Base URL of the API. Empty: the API has the same origin as the page. */
export const api = "http://127.0.0.1:8080";

/** URL of a trace without the trace id at its end. Empty: traces cannot be viewed. */
export const traces = "";

/** URL of the lab's console. Empty: there is no such console. */
export const labConsole = "";
