// The grid of cards, and the filters above it.

import * as api from "./api.js";
import { setPicture, setText } from "./dom.js";
import * as heart from "./heart.js";
import { onChange } from "./mysfit-state.js";
import { rememberName } from "./names.js";
import { profileAddress } from "./profile.js";
import * as text from "./text.js";

/** Number of placeholder cards while the list loads: the number of mysfits in the workshop. */
const PLACEHOLDER_CARDS = 12;

const gridElement = document.querySelector("#grid");
const stateElement = document.querySelector("#state");
const retryButton = document.querySelector("#retry");
const filterButtons = document.querySelectorAll("#filters button");

/** Cards by id. A change of the filter does not remove cards from this map, so that a like in progress stays visible. */
const cards = new Map();
let filterQuery = "";
let latestLoad = 0;

/** Loads the list of mysfits and shows it as cards. A newer load replaces an older one. */
export async function loadGrid() {
  const thisLoad = ++latestLoad;
  retryButton.hidden = true;
  stateElement.textContent = text.loadingList;
  gridElement.setAttribute("aria-busy", "true");
  if (!gridElement.children.length) showPlaceholders();
  const result = await api.awaitWithProgress(api.fetchList(filterQuery), () => thisLoad === latestLoad && showPlaceholders());
  if (thisLoad !== latestLoad) return;
  gridElement.removeAttribute("aria-busy");
  const mysfits = result.ok ? result.body.mysfits : [];
  gridElement.replaceChildren(...mysfits.map(updateCard));
  retryButton.hidden = result.ok;
  if (!result.ok) stateElement.textContent = text.listFailed(result);
  else if (mysfits.length) stateElement.textContent = text.formatMysfitCount(mysfits.length);
  else stateElement.textContent = filterQuery ? text.noFilterMatch : text.emptyList;
}

function showPlaceholders() {
  if (gridElement.querySelector(".skeleton")) return;
  const { content } = document.querySelector("#skeleton");
  gridElement.replaceChildren(...Array.from({ length: PLACEHOLDER_CARDS }, () => content.firstElementChild.cloneNode(true)));
}

function updateCard(mysfit) {
  const id = mysfit.mysfitId;
  if (!cards.has(id)) cards.set(id, createCard(id));
  const card = cards.get(id);
  card.name = mysfit.name;
  rememberName(id, mysfit.name);
  setText(card.element, ".name", mysfit.name);
  setText(card.element, ".species", mysfit.species);
  setText(card.element, ".alignment", text.formatAlignment(mysfit));
  setPicture(card.element, mysfit.thumbImageUri);
  showLikeState(id);
  return card.element;
}

function createCard(id) {
  const element = document.querySelector("#card").content.firstElementChild.cloneNode(true);
  const card = { element, name: "" };
  element.querySelector(".name").href = profileAddress(id);
  heart.connectHeart(element, () => ({ id, name: card.name }));
  return card;
}

function showLikeState(id) {
  const card = cards.get(id);
  if (card) heart.showLikeState(card.element, id, card.name);
}

onChange(showLikeState);
for (const button of filterButtons) {
  button.addEventListener("click", () => {
    for (const otherButton of filterButtons) otherButton.setAttribute("aria-pressed", otherButton === button);
    const { filter, value } = button.dataset;
    filterQuery = filter ? `?${new URLSearchParams({ filter, value })}` : "";
    loadGrid();
  });
}
retryButton.addEventListener("click", () => {
  stateElement.focus(); // The button with the focus is about to be hidden.
  loadGrid();
});
