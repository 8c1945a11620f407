import * as api from "./api.js";
import { openProfile, showLikes } from "./profile.js";
import { likesText, setPicture, setText } from "./dom.js";

const grid = document.querySelector("#grid");
const state = document.querySelector("#state");
const retry = document.querySelector("#retry");
const log = document.querySelector("#log");
const template = document.querySelector("#card");

// Cards outlive a change of filter, and with them a like that is still under way.
const cards = new Map();
let query = "";
let latest = 0;

async function load() {
  const mine = ++latest;
  retry.hidden = true;
  state.textContent = "Looking for the mysfits…";
  grid.setAttribute("aria-busy", "true");
  const result = await api.waiting(api.list(query), () => mine === latest && grid.replaceChildren());
  if (mine !== latest) return;
  grid.removeAttribute("aria-busy");
  const mysfits = result.ok ? result.body.mysfits : [];
  grid.replaceChildren(...mysfits.map(cardOf));
  retry.hidden = result.ok;
  if (!result.ok) state.textContent = `The mysfits cannot be shown (${api.describe(result)}).`;
  else if (mysfits.length) state.textContent = mysfits.length === 1 ? "1 mysfit" : `${mysfits.length} mysfits`;
  else state.textContent = query ? "No mysfit has this alignment." : "There are no mysfits here yet.";
}

function cardOf(mysfit) {
  const id = mysfit.mysfitId;
  if (!cards.has(id)) cards.set(id, newCard(id, mysfit.name));
  const card = cards.get(id);
  setText(card, ".name", mysfit.name);
  setText(card, ".species", mysfit.species);
  setPicture(card, mysfit.thumbImageUri);
  return card;
}

function newCard(id, name) {
  const card = template.content.firstElementChild.cloneNode(true);
  const heart = card.querySelector(".heart");
  heart.setAttribute("aria-label", `Like ${name}`);
  heart.addEventListener("click", () => like(id, name, card, heart));
  card.querySelector(".name").addEventListener("click", () => openProfile(id, name));
  return card;
}

async function like(id, name, card, heart) {
  // aria-disabled, since `disabled` would take the focus from someone using the keyboard.
  if (heart.getAttribute("aria-disabled") === "true") return;
  heart.setAttribute("aria-disabled", "true");
  const message = card.querySelector(".message");
  message.textContent = "";
  delete message.dataset.ok;
  const result = await api.waiting(api.like(id), (seconds) => {
    message.textContent = `waiting… ${seconds} s`;
  });
  heart.setAttribute("aria-disabled", "false");
  message.textContent = api.describe(result, "liked");
  message.dataset.ok = result.ok;
  record(name, result);
  if (!result.ok) return;
  const { ok, body } = await api.profile(id);
  if (!ok) return;
  setText(card, ".likes", likesText(body.likes));
  showLikes(id, body.likes);
}

function record(name, result) {
  document.querySelector("#log-hint").hidden = true;
  const entry = document.createElement("li");
  entry.dataset.ok = result.ok;
  entry.textContent = `${name}: ${result.status || "no answer"}, ${result.ms} ms`;
  log.prepend(entry);
  while (log.children.length > 8) log.lastElementChild.remove();
}

const filters = document.querySelectorAll("#filters button");
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

load();
