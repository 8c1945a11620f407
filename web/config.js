// Where the API answers: the lab's default. The lab serves one of its own at this path.
export const api = "http://127.0.0.1:8080";
