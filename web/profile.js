// The profile of one mysfit, at an address of its own: #/mysfits/<id>.

import { setPicture, setText } from "./dom.js";
import * as heart from "./heart.js";
import { adopt, known, profile, watch } from "./known.js";
import * as text from "./text.js";

const dialog = document.querySelector("#profile");
const find = (selector) => dialog.querySelector(selector);
const adoptButton = find(".adopt");
const confirmation = find(".confirm");
const title = document.title;
let shown = { id: "", name: "" };

/** Where a mysfit's profile is. */
export const address = (id) => `#/mysfits/${encodeURIComponent(id)}`;

/** Opens the profile that the page's address names, or closes the one that it no longer names. */
export function follow() {
  const id = named(location.hash);
  if (!id) dialog.close();
  else if (!dialog.open || id !== shown.id) open(id);
}

function named(hash) {
  try {
    return decodeURIComponent(/^#\/mysfits\/([^/]+)$/.exec(hash)?.[1] ?? "");
  } catch {
    return ""; // half an escape
  }
}

function open(id) {
  shown = { id, name: "" };
  setText(dialog, ".name", "");
  setText(dialog, ".adopt-message", "");
  setPicture(dialog, null);
  find(".facts").hidden = true;
  confirmation.hidden = true;
  if (!dialog.open) dialog.showModal();
  load(shown);
}

async function load(mine) {
  find(".retry").hidden = true;
  setText(dialog, ".state", text.lookingUp);
  dialog.setAttribute("aria-busy", "true");
  const result = await profile(mine.id);
  if (mine !== shown) return;
  dialog.removeAttribute("aria-busy");
  if (result.ok) fill(result.body);
  else fail(result);
}

function fail(result) {
  const absent = result.status === 404;
  setText(dialog, ".name", text.unknown);
  setText(dialog, ".state", absent ? text.noMysfit : text.noProfile(result));
  find(".retry").hidden = absent;
}

function fill(mysfit) {
  shown.name = mysfit.name;
  document.title = text.titled(mysfit.name);
  setPicture(dialog, mysfit.profileImageUri);
  for (const key of ["name", "species", "description"]) setText(dialog, `.${key}`, mysfit[key]);
  setText(dialog, ".state", "");
  setText(dialog, ".age", text.years(mysfit.age));
  setText(dialog, ".alignment", text.alignment(mysfit));
  setText(dialog, ".question", text.confirm(mysfit.name));
  setText(dialog, ".yes", text.confirmYes(mysfit.name));
  find(".facts").hidden = false;
  show(shown.id);
}

function show(id) {
  if (id !== shown.id || !shown.name) return;
  heart.show(dialog, id, shown.name);
  const { adopted, adopting, adoptingSeconds } = known(id);
  if (adopted) adoptButton.textContent = text.isAdopted(shown.name);
  else adoptButton.textContent = adopting && adoptingSeconds ? text.adopting(adoptingSeconds) : text.adopt(shown.name);
  adoptButton.setAttribute("aria-disabled", adopted === true || adopting === true);
}

/** Asks first: an adoption is for good. */
function ask() {
  if (adoptButton.getAttribute("aria-disabled") === "true") return;
  setText(dialog, ".adopt-message", "");
  adoptButton.hidden = true;
  confirmation.hidden = false;
  find(".no").focus();
}

function asked() {
  confirmation.hidden = true;
  adoptButton.hidden = false;
  adoptButton.focus();
}

async function confirmed() {
  asked();
  const { id, name } = shown;
  const result = await adopt(id);
  if (!result || id !== shown.id) return;
  const message = find(".adopt-message");
  message.textContent = result.ok ? text.adoptedNow(name, result) : text.notAdopted(result);
  message.dataset.outcome = result.ok ? "ok" : "failed";
}

heart.connect(dialog, () => shown);
watch(show);
adoptButton.addEventListener("click", ask);
find(".yes").addEventListener("click", confirmed);
find(".no").addEventListener("click", asked);
find(".retry").addEventListener("click", () => {
  find(".close").focus(); // the button is about to vanish
  load(shown);
});
find(".close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // the backdrop
});
dialog.addEventListener("close", () => {
  shown = { id: "", name: "" };
  document.title = title;
  if (named(location.hash)) history.pushState(null, "", location.pathname + location.search);
});
