// All texts of the site. Exceptions: index.html has the page's title and the text for browsers without scripts.

const formatNumber = (value) => Number(value).toLocaleString("en");
const formatCount = (value, singular, plural) => `${formatNumber(value)} ${Number(value) === 1 ? singular : plural}`;

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
  happenedHint: "Every request of this page is listed here, the newest first. Click a heart. By HTTP/1.1, a browser sends at most six requests to a server at the same time; others wait in the browser.",
  time: "Time",
  request: "Request",
  status: "Status",
  took: "Duration",
  inBrowser: "In the browser",
  atServer: "At the server",
  trace: "Trace",
  allTraces: "All traces",
  console: "Console",
  skipGrid: "Skip the mysfits",
};

/** Names of elements for screen readers, by their attribute `data-label`. */
export const ariaLabels = { filters: "Filter by alignment", close: "Close", table: "Requests of this page" };

export const loadingList = "Loading the mysfits…";
export const emptyList = "There are no mysfits here yet.";
export const noFilterMatch = "No mysfit has this alignment.";
export const formatMysfitCount = (mysfits) => formatCount(mysfits, "mysfit", "mysfits");
export const listFailed = (result) => `The mysfits cannot be shown: ${describeFailure(result)}.`;

export const loadingProfile = "Loading the profile…";
export const unknownMysfit = "Unknown mysfit";
export const unknownAddress = "There is no mysfit with this address.";
export const profileFailed = (result) => `The profile cannot be shown: ${describeFailure(result)}.`;
export const formatAge = (years) => formatCount(years, "year", "years");
export const formatAlignment = ({ lawchaos, goodevil }) =>
  lawchaos === goodevil ? `True ${goodevil}` : `${lawchaos} ${goodevil}`;
export const pageTitle = (name) => `${name} – Mythical Mysfits`;

export const formatLikeCount = (likes) => formatCount(likes, "like", "likes");
export const likeLabel = (name) => `Like ${name}`;
export const likeAgainLabel = (name) => `Like ${name} once more`;
export const sendingLike = "Sending your like…";
export const likeInProgress = (seconds) => `Still waiting: ${seconds} s`;
export const likeIsSlow = (name) => `The like of ${name} takes more than a second.`;
export const likeSucceeded = ({ ms, slow }) => (slow ? `Liked, but it took ${formatDuration(ms)}` : `Liked in ${formatDuration(ms)}`);
export const likeFailed = (result) => `Not liked: ${describeFailure(result)}`;
export const likeUncertain = (result) => `This like may or may not be counted: ${describeFailure(result)}`;
export const retryLike = "Try again";
export const retryUncertainLike = "Try again (it may count twice)";
export const likeOutcome = (name, message) => `${name}: ${message}`;

export const adoptLabel = (name) => `Adopt ${name}`;
export const confirmationQuestion = (name) => `Will ${name} live with you, for good and for evil?`;
export const confirmAdoption = (name) => `Yes, adopt ${name}`;
export const adoptionInProgress = (seconds) => `Adopting… ${seconds} s`;
export const alreadyAdopted = (name) => `${name} has a home.`;
export const adoptionSucceeded = (name, { ms }) => `${name} is yours, after ${formatDuration(ms)}.`;
export const adoptionFailed = (result) => `The adoption failed: ${describeFailure(result)}.`;

export const traceLabel = "Trace";
export const traceLink = "trace";
export const notSampled = "not sampled";
export const noReadableResponse = "no readable response";
export const formatDuration = (ms) => ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(2)} s`;
export const requestInProgress = "in progress";
export const elapsedTime = (seconds) => `${seconds.toFixed(1)} s`;
export const requestTotals = ({ all, waiting, slow, failed }) =>
  [formatCount(all, "request", "requests"), waiting && `${formatNumber(waiting)} in progress`, slow && `${formatNumber(slow)} slow`, failed && `${formatNumber(failed)} failed`].filter(Boolean).join(", ");

/** Describes a failed response. */
function describeFailure({ status, unexpectedBody, ms }) {
  if (status === 0) return `${noReadableResponse} after ${formatDuration(ms)}`;
  if (unexpectedBody) return `status ${status} with an unexpected body, after ${formatDuration(ms)}`;
  return `status ${status} after ${formatDuration(ms)}`;
}
