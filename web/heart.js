// The heart button of a card or a profile, and the result of the last like.

import { createTraceElement, setText } from "./dom.js";
import { describeResult, isOutcomeUnknown, like, stateOf } from "./mysfit-state.js";
import * as text from "./text.js";

/** Connects the heart in `root`. A click likes the mysfit that `currentMysfit()` returns. */
export function connect(root, currentMysfit) {
  const heart = root.querySelector(".heart");
  const likeCurrent = () => {
    const { id, name } = currentMysfit();
    like(id, name);
  };
  heart.addEventListener("click", (event) => {
    // The second click of a double click does not send a second like, even if the first response has already arrived.
    if (event.detail <= 1) likeCurrent();
  });
  heart.addEventListener("keydown", (event) => {
    if (event.repeat) event.preventDefault(); // A key that is held down sends one like.
  });
  root.querySelector(".again").addEventListener("click", () => {
    heart.focus(); // the button is hidden next
    likeCurrent();
  });
}

/** Shows the likes of a mysfit and the result of the last like. */
export function showState(root, id, name) {
  const { waiting, seconds, result, likes, adopted } = stateOf(id);
  const heart = root.querySelector(".heart");
  heart.setAttribute("aria-label", result?.ok ? text.likeAgain(name) : text.like(name));
  // `aria-disabled` instead of `disabled`: a disabled button would lose the keyboard focus.
  heart.setAttribute("aria-disabled", waiting === true);
  heart.classList.toggle("liked", result?.ok === true);
  setText(root, ".likes", likes === undefined ? "" : text.likeCount(likes));
  root.querySelector(".adopted").hidden = !adopted;

  const message = root.querySelector(".message");
  message.dataset.outcome = result ? (!result.ok ? "failed" : result.slow ? "slow" : "ok") : "";
  if (waiting) message.textContent = seconds ? text.stillWaiting(seconds) : text.sending;
  else message.textContent = result ? describeResult(result) : "";

  const again = root.querySelector(".again");
  again.hidden = !result || result.ok;
  again.textContent = result && isOutcomeUnknown(result) ? text.retryUncertainLike : text.retryLike;
  root.querySelector(".where").replaceChildren(...(result?.trace ? [`${text.traceLabel} `, createTraceElement(result)] : []));
}
