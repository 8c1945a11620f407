import * as api from "./api.js";
import { setPicture, setText } from "./dom.js";

const dialog = document.querySelector("#profile");
const find = (selector) => dialog.querySelector(selector);
const adoptButton = find(".adopt");
let shown = { id: "", name: "" };

export function openProfile(id, name) {
  shown = { id, name };
  setText(dialog, ".name", name);
  setPicture(dialog, null);
  find(".facts").hidden = true;
  setText(dialog, ".adopt-message", "");
  adoptButton.setAttribute("aria-disabled", "false");
  dialog.showModal();
  load(shown);
}

export function showLikes(id, likes) {
  if (id === shown.id) setText(dialog, ".likes", likes);
}

async function load(mine) {
  find(".retry").hidden = true;
  setText(dialog, ".message", "Asking about this mysfit…");
  const result = await api.profile(mine.id);
  if (mine !== shown) return;
  find(".retry").hidden = result.ok;
  setText(dialog, ".message", result.ok ? "" : `The profile cannot be shown (${api.describe(result)}).`);
  if (result.ok) fill(result.body);
}

function fill(mysfit) {
  setPicture(dialog, mysfit.profileImageUri);
  for (const key of ["name", "species", "description", "likes"]) setText(dialog, `.${key}`, mysfit[key]);
  setText(dialog, ".age", `${Number(mysfit.age).toLocaleString("en")} years`);
  const alignment = `${mysfit.lawchaos} ${mysfit.goodevil}`;
  setText(dialog, ".alignment", alignment === "Neutral Neutral" ? "True Neutral" : alignment);
  adoptButton.textContent = mysfit.adopted ? "Adopted" : `Adopt ${mysfit.name}`;
  adoptButton.setAttribute("aria-disabled", mysfit.adopted === true);
  find(".facts").hidden = false;
}

async function adopt() {
  if (adoptButton.getAttribute("aria-disabled") === "true") return;
  adoptButton.setAttribute("aria-disabled", "true");
  const mine = shown;
  const message = find(".adopt-message");
  message.textContent = "";
  const result = await api.waiting(api.adopt(mine.id), (seconds) => {
    if (mine === shown) adoptButton.textContent = `Waiting… ${seconds} s`;
  });
  if (mine !== shown) return;
  adoptButton.setAttribute("aria-disabled", "false");
  adoptButton.textContent = `Adopt ${mine.name}`;
  message.textContent = api.describe(result, "adopted");
  message.dataset.ok = result.ok;
  if (result.ok) load(mine);
}

adoptButton.addEventListener("click", adopt);
find(".retry").addEventListener("click", () => {
  find(".close").focus(); // the button is about to vanish
  load(shown);
});
find(".close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // the backdrop
});
