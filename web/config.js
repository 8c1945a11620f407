// Where the API answers. This is the lab's default address; the lab and the
// upload script serve a config.js of their own at this path.
export const api = "http://127.0.0.1:8080";
