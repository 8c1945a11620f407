// All that the site says, but for its title and what it says without scripts (index.html).

const number = (value) => Number(value).toLocaleString("en");
const count = (value, one, many) => `${number(value)} ${Number(value) === 1 ? one : many}`;

/** Text of the elements that name it in `data-text`. */
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
  took: "Took",
  trace: "Trace",
  allTraces: "All traces",
};

/** Names, for screen readers, of the elements that name them in `data-label`. */
export const names = { filters: "Filter by alignment", close: "Close", table: "Requests of this page" };

export const looking = "Looking for the mysfits…";
export const noneHere = "There are no mysfits here yet.";
export const noneAligned = "No mysfit has this alignment.";
export const mysfits = (many) => count(many, "mysfit", "mysfits");
export const noList = (result) => `The mysfits cannot be shown: ${failure(result)}.`;

export const lookingUp = "Asking about this mysfit…";
export const unknown = "No mysfit";
export const noMysfit = "There is no mysfit with this address.";
export const noProfile = (result) => `The profile cannot be shown: ${failure(result)}.`;
export const years = (age) => count(age, "year", "years");
export const alignment = ({ lawchaos, goodevil }) =>
  lawchaos === goodevil ? `True ${goodevil}` : `${lawchaos} ${goodevil}`;
export const titled = (name) => `${name} – Mythical Mysfits`;

export const likes = (many) => count(many, "like", "likes");
export const like = (name) => `Like ${name}`;
export const likeAgain = (name) => `Like ${name} once more`;
export const sending = "Sending your like…";
export const still = (seconds) => `Still waiting: ${seconds} s`;
export const slowLike = (name) => `The like of ${name} is taking long.`;
export const liked = ({ ms }, slow) => (slow ? `Liked, but it took ${duration(ms)}` : `Liked in ${duration(ms)}`);
export const notLiked = (result) => `Not liked: ${failure(result)}`;
export const perhapsLiked = (result) => `Nobody knows if that like counts: ${failure(result)}`;
export const retryLike = "Try again";
export const riskLike = "Try again (it may count twice)";
export const outcome = (name, message) => `${name}: ${message}`;

export const adopt = (name) => `Adopt ${name}`;
export const confirm = (name) => `Will ${name} live with you, for good and for evil?`;
export const confirmYes = (name) => `Yes, adopt ${name}`;
export const adopting = (seconds) => `Adopting… ${seconds} s`;
export const isAdopted = (name) => `${name} has a home.`;
export const adoptedNow = (name, { ms }) => `${name} is yours, after ${duration(ms)}.`;
export const notAdopted = (result) => `That did not work: ${failure(result)}.`;

export const traced = "Trace";
export const notSampled = "not sampled";
export const noStatus = "no readable answer";
export const duration = (ms) => `${number(ms)} ms`;
export const sum = ({ all, slow, failed }) =>
  [count(all, "request", "requests"), slow && `${number(slow)} slow`, failed && `${number(failed)} failed`].filter(Boolean).join(", ");

/** Why an answer is none to be glad about. */
function failure({ status, odd, ms }) {
  if (status === 0) return `${noStatus} after ${duration(ms)}`;
  if (odd) return `status ${status} with an unexpected body, after ${duration(ms)}`;
  return `status ${status} after ${duration(ms)}`;
}
