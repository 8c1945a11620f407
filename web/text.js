// All texts of the site. Exceptions: index.html has the page's title and the text for browsers without scripts.

const number = (value) => Number(value).toLocaleString("en");
const count = (value, one, many) => `${number(value)} ${Number(value) === 1 ? one : many}`;

/** Texts of elements, by their attribute `data-text`. */
export const labels = {
  tagline: "Creatures of every alignment, looking for a home.",
  all: "All",
  goodEvil: "Good or evil",
  good: "Good",
  evil: "Evil",
  lawChaos: "Law or chaos",
  lawful: "Lawful",
  chaotic: "Chaotic",
  neutral: "Neutral",
  retry: "Try again",
  species: "Species",
  age: "Age",
  alignment: "Alignment",
  adopted: "Adopted",
  confirmNo: "Not yet",
  happened: "What happened",
  happenedHint: "Every request of this page is listed here, the newest first. Click a heart.",
  time: "Time",
  request: "Request",
  status: "Status",
  took: "Duration",
  trace: "Trace",
  allTraces: "All traces",
};

/** Names of elements for screen readers, by their attribute `data-label`. */
export const names = { filters: "Filter by alignment", close: "Close", table: "Requests of this page" };

export const loadingList = "Loading the mysfits…";
export const emptyList = "There are no mysfits here yet.";
export const noMatch = "No mysfit has this alignment.";
export const mysfitCount = (many) => count(many, "mysfit", "mysfits");
export const listFailed = (result) => `The mysfits cannot be shown: ${failure(result)}.`;

export const loadingProfile = "Loading the profile…";
export const unknownMysfit = "Unknown mysfit";
export const noMysfit = "There is no mysfit with this address.";
export const profileFailed = (result) => `The profile cannot be shown: ${failure(result)}.`;
export const age = (years) => count(years, "year", "years");
export const alignment = ({ lawchaos, goodevil }) =>
  lawchaos === goodevil ? `True ${goodevil}` : `${lawchaos} ${goodevil}`;
export const pageTitle = (name) => `${name} – Mythical Mysfits`;

export const likeCount = (many) => count(many, "like", "likes");
export const like = (name) => `Like ${name}`;
export const likeAgain = (name) => `Like ${name} once more`;
export const sending = "Sending your like…";
export const stillWaiting = (seconds) => `Still waiting: ${seconds} s`;
export const slowLike = (name) => `The like of ${name} takes more than a second.`;
export const liked = ({ ms }, slow) => (slow ? `Liked, but it took ${duration(ms)}` : `Liked in ${duration(ms)}`);
export const notLiked = (result) => `Not liked: ${failure(result)}`;
export const outcomeUnknown = (result) => `This like may or may not be counted: ${failure(result)}`;
export const retryLike = "Try again";
export const retryUncertainLike = "Try again (it may count twice)";
export const outcome = (name, message) => `${name}: ${message}`;

export const adopt = (name) => `Adopt ${name}`;
export const confirmQuestion = (name) => `Will ${name} live with you, for good and for evil?`;
export const confirmYes = (name) => `Yes, adopt ${name}`;
export const adopting = (seconds) => `Adopting… ${seconds} s`;
export const isAdopted = (name) => `${name} has a home.`;
export const adoptionDone = (name, { ms }) => `${name} is yours, after ${duration(ms)}.`;
export const adoptionFailed = (result) => `The adoption failed: ${failure(result)}.`;

export const traceLabel = "Trace";
export const notSampled = "not sampled";
export const noStatus = "no readable response";
export const duration = (ms) => `${number(ms)} ms`;
export const totals = ({ all, slow, failed }) =>
  [count(all, "request", "requests"), slow && `${number(slow)} slow`, failed && `${number(failed)} failed`].filter(Boolean).join(", ");

/** Describes a failed response. */
function failure({ status, unexpectedBody, ms }) {
  if (status === 0) return `${noStatus} after ${duration(ms)}`;
  if (unexpectedBody) return `status ${status} with an unexpected body, after ${duration(ms)}`;
  return `status ${status} after ${duration(ms)}`;
}
