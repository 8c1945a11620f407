// The grid of cards, and the filters above it.

import * as api from "./api.js";
import { setPicture, setText } from "./dom.js";
import * as heart from "./heart.js";
import { onChange } from "./mysfit-state.js";
import { profileAddress } from "./profile.js";
import * as text from "./text.js";

/** Number of placeholder cards while the list loads: the number of mysfits in the workshop. */
const PLACEHOLDER_CARDS = 12;

const grid = document.querySelector("#grid");
const state = document.querySelector("#state");
const retry = document.querySelector("#retry");
const filters = document.querySelectorAll("#filters button");

/** Cards by id. They are kept when the filter changes, so that a like in progress stays visible. */
const cards = new Map();
let query = "";
let latestLoad = 0;

export async function loadGrid() {
  const thisLoad = ++latestLoad;
  retry.hidden = true;
  state.textContent = text.loadingList;
  grid.setAttribute("aria-busy", "true");
  if (!grid.children.length) showPlaceholders();
  const result = await api.awaitWithProgress(api.fetchList(query), () => thisLoad === latestLoad && showPlaceholders());
  if (thisLoad !== latestLoad) return;
  grid.removeAttribute("aria-busy");
  const mysfits = result.ok ? result.body.mysfits : [];
  grid.replaceChildren(...mysfits.map(updatedCard));
  retry.hidden = result.ok;
  if (!result.ok) state.textContent = text.listFailed(result);
  else if (mysfits.length) state.textContent = text.mysfitCount(mysfits.length);
  else state.textContent = query ? text.noMatch : text.emptyList;
}

function showPlaceholders() {
  if (grid.querySelector(".skeleton")) return;
  const { content } = document.querySelector("#skeleton");
  grid.replaceChildren(...Array.from({ length: PLACEHOLDER_CARDS }, () => content.firstElementChild.cloneNode(true)));
}

function updatedCard(mysfit) {
  const id = mysfit.mysfitId;
  if (!cards.has(id)) cards.set(id, createCard(id));
  const card = cards.get(id);
  card.name = mysfit.name;
  setText(card.element, ".name", mysfit.name);
  setText(card.element, ".species", mysfit.species);
  setText(card.element, ".alignment", text.alignment(mysfit));
  setPicture(card.element, mysfit.thumbImageUri);
  showState(id);
  return card.element;
}

function createCard(id) {
  const element = document.querySelector("#card").content.firstElementChild.cloneNode(true);
  const card = { element, name: "" };
  element.querySelector(".name").href = profileAddress(id);
  heart.connect(element, () => ({ id, name: card.name }));
  return card;
}

function showState(id) {
  const card = cards.get(id);
  if (card) heart.showState(card.element, id, card.name);
}

onChange(showState);
for (const button of filters) {
  button.addEventListener("click", () => {
    for (const other of filters) other.setAttribute("aria-pressed", other === button);
    const { filter, value } = button.dataset;
    query = filter ? `?${new URLSearchParams({ filter, value })}` : "";
    loadGrid();
  });
}
retry.addEventListener("click", () => {
  state.focus(); // the button is hidden next
  loadGrid();
});
