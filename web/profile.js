// The dialog with the profile of one mysfit. The fragment of the page's address is #/mysfits/<id> while the dialog is open.

import { setPicture, setText } from "./dom.js";
import * as heart from "./heart.js";
import { adopt, loadProfile, onChange, getState } from "./mysfit-state.js";
import * as text from "./text.js";

const dialog = document.querySelector("#profile");
const findInDialog = (selector) => dialog.querySelector(selector);
const adoptButton = findInDialog(".adopt");
const confirmation = findInDialog(".confirm");
const siteTitle = document.title;
let currentMysfit = { id: "", name: "" };

/** The address of a mysfit's profile. */
export const profileAddress = (id) => `#/mysfits/${encodeURIComponent(id)}`;

/** Opens the profile of the page's address, or closes the dialog if the address has none. */
export function showProfileFromAddress() {
  const id = parseMysfitId(location.hash);
  if (!id) dialog.close();
  else if (!dialog.open || id !== currentMysfit.id) openProfile(id);
}

function parseMysfitId(hash) {
  try {
    return decodeURIComponent(/^#\/mysfits\/([^/]+)$/.exec(hash)?.[1] ?? "");
  } catch {
    return ""; // an invalid percent-encoding
  }
}

function openProfile(id) {
  currentMysfit = { id, name: "" };
  setText(dialog, ".name", "");
  setText(dialog, ".adopt-message", "");
  setPicture(dialog, null);
  findInDialog(".facts").hidden = true;
  confirmation.hidden = true;
  if (!dialog.open) dialog.showModal();
  loadAndShow(currentMysfit);
}

async function loadAndShow(requested) {
  findInDialog(".retry").hidden = true;
  setText(dialog, ".state", text.loadingProfile);
  dialog.setAttribute("aria-busy", "true");
  const result = await loadProfile(requested.id);
  if (requested !== currentMysfit) return;
  dialog.removeAttribute("aria-busy");
  if (result.ok) showProfile(result.body);
  else showFailure(result);
}

function showFailure(result) {
  const isUnknownId = result.status === 404;
  setText(dialog, ".name", text.unknownMysfit);
  setText(dialog, ".state", isUnknownId ? text.unknownAddress : text.profileFailed(result));
  findInDialog(".retry").hidden = isUnknownId;
}

function showProfile(mysfit) {
  currentMysfit.name = mysfit.name;
  document.title = text.pageTitle(mysfit.name);
  setPicture(dialog, mysfit.profileImageUri);
  for (const key of ["name", "species", "description"]) setText(dialog, `.${key}`, mysfit[key]);
  setText(dialog, ".state", "");
  setText(dialog, ".age", text.formatAge(mysfit.age));
  setText(dialog, ".alignment", text.formatAlignment(mysfit));
  setText(dialog, ".question", text.confirmationQuestion(mysfit.name));
  setText(dialog, ".yes", text.confirmAdoption(mysfit.name));
  findInDialog(".facts").hidden = false;
  showLikeState(currentMysfit.id);
}

function showLikeState(id) {
  if (id !== currentMysfit.id || !currentMysfit.name) return;
  heart.showLikeState(dialog, id, currentMysfit.name);
  const { adopted, adopting, adoptingSeconds } = getState(id);
  if (adopted) adoptButton.textContent = text.alreadyAdopted(currentMysfit.name);
  else adoptButton.textContent = adopting && adoptingSeconds ? text.adoptionInProgress(adoptingSeconds) : text.adoptLabel(currentMysfit.name);
  adoptButton.setAttribute("aria-disabled", adopted === true || adopting === true);
}

/** Asks for confirmation, because an adoption is permanent. */
function askForConfirmation() {
  if (adoptButton.getAttribute("aria-disabled") === "true") return;
  setText(dialog, ".adopt-message", "");
  adoptButton.hidden = true;
  confirmation.hidden = false;
  findInDialog(".no").focus();
}

function hideConfirmation() {
  confirmation.hidden = true;
  adoptButton.hidden = false;
  adoptButton.focus();
}

async function adoptCurrent() {
  hideConfirmation();
  const { id, name } = currentMysfit;
  const result = await adopt(id);
  if (!result || id !== currentMysfit.id) return;
  const message = findInDialog(".adopt-message");
  message.textContent = result.ok ? text.adoptionSucceeded(name, result) : text.adoptionFailed(result);
  message.dataset.outcome = result.ok ? "ok" : "failed";
}

heart.connectHeart(dialog, () => currentMysfit);
onChange(showLikeState);
adoptButton.addEventListener("click", askForConfirmation);
findInDialog(".yes").addEventListener("click", adoptCurrent);
findInDialog(".no").addEventListener("click", hideConfirmation);
findInDialog(".retry").addEventListener("click", () => {
  findInDialog(".close").focus(); // The button with the focus is about to be hidden.
  loadAndShow(currentMysfit);
});
findInDialog(".close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // A click on the backdrop has the dialog as its target.
});
dialog.addEventListener("close", () => {
  currentMysfit = { id: "", name: "" };
  document.title = siteTitle;
  if (parseMysfitId(location.hash)) history.pushState(null, "", location.pathname + location.search);
});
