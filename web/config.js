// What differs from place to place: the lab, or the upload to S3, serves one of its own at this path.

/** Where the API answers; empty: where this page is from. */
export const api = "http://127.0.0.1:8080";

/** Where a trace can be looked at, up to its id; empty: nowhere. */
export const traces = "";
