// The dialog with the profile of one mysfit. The fragment of the page's address is #/mysfits/<id> while it is open.

import { setPicture, setText } from "./dom.js";
import * as heart from "./heart.js";
import { adopt, loadProfile, onChange, stateOf } from "./mysfit-state.js";
import * as text from "./text.js";

const dialog = document.querySelector("#profile");
const find = (selector) => dialog.querySelector(selector);
const adoptButton = find(".adopt");
const confirmation = find(".confirm");
const title = document.title;
let current = { id: "", name: "" };

/** The address of a mysfit's profile. */
export const profileAddress = (id) => `#/mysfits/${encodeURIComponent(id)}`;

/** Opens the profile of the page's address, or closes the dialog if the address has none. */
export function showProfileOfAddress() {
  const id = idOfFragment(location.hash);
  if (!id) dialog.close();
  else if (!dialog.open || id !== current.id) open(id);
}

function idOfFragment(hash) {
  try {
    return decodeURIComponent(/^#\/mysfits\/([^/]+)$/.exec(hash)?.[1] ?? "");
  } catch {
    return ""; // an invalid percent-encoding
  }
}

function open(id) {
  current = { id, name: "" };
  setText(dialog, ".name", "");
  setText(dialog, ".adopt-message", "");
  setPicture(dialog, null);
  find(".facts").hidden = true;
  confirmation.hidden = true;
  if (!dialog.open) dialog.showModal();
  load(current);
}

async function load(requested) {
  find(".retry").hidden = true;
  setText(dialog, ".state", text.loadingProfile);
  dialog.setAttribute("aria-busy", "true");
  const result = await loadProfile(requested.id);
  if (requested !== current) return;
  dialog.removeAttribute("aria-busy");
  if (result.ok) showProfile(result.body);
  else showFailure(result);
}

function showFailure(result) {
  const isUnknownId = result.status === 404;
  setText(dialog, ".name", text.unknownMysfit);
  setText(dialog, ".state", isUnknownId ? text.noMysfit : text.profileFailed(result));
  find(".retry").hidden = isUnknownId;
}

function showProfile(mysfit) {
  current.name = mysfit.name;
  document.title = text.pageTitle(mysfit.name);
  setPicture(dialog, mysfit.profileImageUri);
  for (const key of ["name", "species", "description"]) setText(dialog, `.${key}`, mysfit[key]);
  setText(dialog, ".state", "");
  setText(dialog, ".age", text.age(mysfit.age));
  setText(dialog, ".alignment", text.alignment(mysfit));
  setText(dialog, ".question", text.confirmQuestion(mysfit.name));
  setText(dialog, ".yes", text.confirmYes(mysfit.name));
  find(".facts").hidden = false;
  showState(current.id);
}

function showState(id) {
  if (id !== current.id || !current.name) return;
  heart.showState(dialog, id, current.name);
  const { adopted, adopting, adoptingSeconds } = stateOf(id);
  if (adopted) adoptButton.textContent = text.isAdopted(current.name);
  else adoptButton.textContent = adopting && adoptingSeconds ? text.adopting(adoptingSeconds) : text.adopt(current.name);
  adoptButton.setAttribute("aria-disabled", adopted === true || adopting === true);
}

/** Asks for confirmation, because an adoption is permanent. */
function askForConfirmation() {
  if (adoptButton.getAttribute("aria-disabled") === "true") return;
  setText(dialog, ".adopt-message", "");
  adoptButton.hidden = true;
  confirmation.hidden = false;
  find(".no").focus();
}

function hideConfirmation() {
  confirmation.hidden = true;
  adoptButton.hidden = false;
  adoptButton.focus();
}

async function adoptCurrent() {
  hideConfirmation();
  const { id, name } = current;
  const result = await adopt(id);
  if (!result || id !== current.id) return;
  const message = find(".adopt-message");
  message.textContent = result.ok ? text.adoptionDone(name, result) : text.adoptionFailed(result);
  message.dataset.outcome = result.ok ? "ok" : "failed";
}

heart.connect(dialog, () => current);
onChange(showState);
adoptButton.addEventListener("click", askForConfirmation);
find(".yes").addEventListener("click", adoptCurrent);
find(".no").addEventListener("click", hideConfirmation);
find(".retry").addEventListener("click", () => {
  find(".close").focus(); // the button is hidden next
  load(current);
});
find(".close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // A click on the backdrop has the dialog as its target.
});
dialog.addEventListener("close", () => {
  current = { id: "", name: "" };
  document.title = title;
  if (idOfFragment(location.hash)) history.pushState(null, "", location.pathname + location.search);
});
