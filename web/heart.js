// The heart button of a card or a profile, and the result of the last like.

import { createTraceElement, setText } from "./dom.js";
import { describeResult, isOutcomeUnknown, like, getState } from "./mysfit-state.js";
import * as text from "./text.js";

/** Makes the heart button in `root` like the mysfit that `currentMysfit()` returns. */
export function connectHeart(root, currentMysfit) {
  const heartButton = root.querySelector(".heart");
  const likeCurrent = () => {
    const { id, name } = currentMysfit();
    like(id, name);
  };
  heartButton.addEventListener("click", (event) => {
    // `detail` counts the clicks of a double click. Only the first click sends a like.
    if (event.detail <= 1) likeCurrent();
  });
  heartButton.addEventListener("keydown", (event) => {
    if (event.repeat) event.preventDefault(); // A key that is held down sends one like.
  });
  root.querySelector(".again").addEventListener("click", () => {
    heartButton.focus(); // The button with the focus is about to be hidden.
    likeCurrent();
  });
}

/** Shows the likes of a mysfit and the result of the last like. */
export function showLikeState(root, id, name) {
  const { waiting, seconds, result, likes, adopted } = getState(id);
  const heartButton = root.querySelector(".heart");
  heartButton.setAttribute("aria-label", result?.ok ? text.likeAgainLabel(name) : text.likeLabel(name));
  // `aria-disabled` instead of `disabled`: a disabled button would lose the keyboard focus.
  heartButton.setAttribute("aria-disabled", waiting === true);
  heartButton.classList.toggle("liked", result?.ok === true);
  setText(root, ".likes", likes === undefined ? "" : text.formatLikeCount(likes));
  root.querySelector(".adopted").hidden = !adopted;

  const messageElement = root.querySelector(".message");
  messageElement.dataset.outcome = result ? (!result.ok ? "failed" : result.slow ? "slow" : "ok") : "";
  if (waiting) messageElement.textContent = seconds ? text.likeInProgress(seconds) : text.sendingLike;
  else messageElement.textContent = result ? describeResult(result) : "";

  const retryButton = root.querySelector(".again");
  retryButton.hidden = !result || result.ok;
  retryButton.textContent = result && isOutcomeUnknown(result) ? text.retryUncertainLike : text.retryLike;
  root.querySelector(".where").replaceChildren(...(result?.trace ? [`${text.traceLabel} `, createTraceElement(result)] : []));
}
