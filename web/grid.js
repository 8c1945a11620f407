// The grid of cards, and the filters above it.

import * as api from "./api.js";
import { setPicture, setText } from "./dom.js";
import * as heart from "./heart.js";
import { watch } from "./known.js";
import { address } from "./profile.js";
import * as text from "./text.js";

/** Cards that stand for those that have not come yet: as many as the workshop has mysfits. */
const EXPECTED = 12;

const grid = document.querySelector("#grid");
const state = document.querySelector("#state");
const retry = document.querySelector("#retry");
const filters = document.querySelectorAll("#filters button");

/** Cards outlive a change of filter, and with them a like that is still under way. */
const cards = new Map();
let query = "";
let latest = 0;

export async function load() {
  const mine = ++latest;
  retry.hidden = true;
  state.textContent = text.looking;
  grid.setAttribute("aria-busy", "true");
  if (!grid.children.length) showSkeletons();
  const result = await api.waiting(api.list(query), () => mine === latest && showSkeletons());
  if (mine !== latest) return;
  grid.removeAttribute("aria-busy");
  const mysfits = result.ok ? result.body.mysfits : [];
  grid.replaceChildren(...mysfits.map(cardOf));
  retry.hidden = result.ok;
  if (!result.ok) state.textContent = text.noList(result);
  else if (mysfits.length) state.textContent = text.mysfits(mysfits.length);
  else state.textContent = query ? text.noneAligned : text.noneHere;
}

function showSkeletons() {
  if (grid.querySelector(".skeleton")) return;
  const { content } = document.querySelector("#skeleton");
  grid.replaceChildren(...Array.from({ length: EXPECTED }, () => content.firstElementChild.cloneNode(true)));
}

function cardOf(mysfit) {
  const id = mysfit.mysfitId;
  if (!cards.has(id)) cards.set(id, newCard(id));
  const card = cards.get(id);
  card.name = mysfit.name;
  setText(card.element, ".name", mysfit.name);
  setText(card.element, ".species", mysfit.species);
  setText(card.element, ".alignment", text.alignment(mysfit));
  setPicture(card.element, mysfit.thumbImageUri);
  show(id);
  return card.element;
}

function newCard(id) {
  const element = document.querySelector("#card").content.firstElementChild.cloneNode(true);
  const card = { element, name: "" };
  element.querySelector(".name").href = address(id);
  heart.connect(element, () => ({ id, name: card.name }));
  return card;
}

function show(id) {
  const card = cards.get(id);
  if (card) heart.show(card.element, id, card.name);
}

watch(show);
for (const button of filters) {
  button.addEventListener("click", () => {
    for (const other of filters) other.setAttribute("aria-pressed", other === button);
    const { filter, value } = button.dataset;
    query = filter ? `?${new URLSearchParams({ filter, value })}` : "";
    load();
  });
}
retry.addEventListener("click", () => {
  state.focus(); // the button is about to vanish
  load();
});
