// Remembers the reader's place in the list, so that Back returns to the same rows, the same scroll position and the same focus.

const keyOfPage = () => `traces ${location.search}`;

const findLink = (id) => document.querySelector(`#trace-list tr[data-id="${CSS.escape(id)}"] a`);

/** Saves the place when the reader leaves the page. `getRows` returns the number of rows. */
export function savePlaceOnLeave(getRows) {
  history.scrollRestoration = "manual";
  addEventListener("pagehide", () => {
    const link = document.activeElement?.closest?.("#trace-list a");
    const place = { rows: getRows(), y: scrollY, id: link?.closest("tr").dataset.id, top: link?.getBoundingClientRect().top };
    sessionStorage.setItem(keyOfPage(), JSON.stringify(place));
  });
}

/** Returns the saved place if the reader came back, or reloaded the page. */
export function readPlace() {
  const [navigation] = performance.getEntriesByType("navigation");
  return ["back_forward", "reload"].includes(navigation?.type) ? JSON.parse(sessionStorage.getItem(keyOfPage())) ?? undefined : undefined;
}

/** The link stays where it was in the window, also if newer traces are now above it. */
export function returnToPlace({ id, top, y }) {
  const link = id && findLink(id);
  if (!link) return scrollTo(0, y);
  link.focus({ preventScroll: true });
  scrollBy(0, link.getBoundingClientRect().top - top);
}
