// The heart, and what came of pressing it.

import { setText, traceLink } from "./dom.js";
import { doubtful, known, like, message } from "./known.js";
import * as text from "./text.js";

/** Makes the heart below `root` like the mysfit that `shown` names when it is pressed. */
export function connect(root, shown) {
  const heart = root.querySelector(".heart");
  const press = () => {
    const { id, name } = shown();
    like(id, name);
  };
  heart.addEventListener("click", (event) => {
    // The second click of a double click is no second like, however quick the first one's answer was.
    if (event.detail <= 1) press();
  });
  heart.addEventListener("keydown", (event) => {
    if (event.repeat) event.preventDefault(); // nor is a key that is held down
  });
  root.querySelector(".again").addEventListener("click", () => {
    heart.focus(); // the button is about to vanish
    press();
  });
}

/** Shows what is known of the likes of a mysfit. */
export function show(root, id, name) {
  const { waiting, seconds, result, likes, adopted } = known(id);
  const heart = root.querySelector(".heart");
  heart.setAttribute("aria-label", result?.ok ? text.likeAgain(name) : text.like(name));
  // aria-disabled, since `disabled` would take the focus from someone using the keyboard.
  heart.setAttribute("aria-disabled", waiting === true);
  heart.classList.toggle("liked", result?.ok === true);
  setText(root, ".likes", likes === undefined ? "" : text.likes(likes));
  root.querySelector(".adopted").hidden = !adopted;

  const line = root.querySelector(".message");
  line.dataset.outcome = result ? (!result.ok ? "failed" : result.slow ? "slow" : "ok") : "";
  if (waiting) line.textContent = seconds ? text.still(seconds) : text.sending;
  else line.textContent = result ? message(result) : "";

  const again = root.querySelector(".again");
  again.hidden = !result || result.ok;
  again.textContent = result && doubtful(result) ? text.riskLike : text.retryLike;
  root.querySelector(".where").replaceChildren(...(result?.trace ? [`${text.traced} `, traceLink(result)] : []));
}
