// What comes from the API becomes text, never markup.
export function setText(root, selector, text) {
  root.querySelector(selector).textContent = text ?? "";
}

// Pictures come from this site: a path such as /images/troll.svg, not //elsewhere/troll.svg.
export function setPicture(root, uri) {
  const picture = root.querySelector(".picture");
  const ours = typeof uri === "string" && /^\/\w/.test(uri);
  picture.hidden = !ours;
  if (ours) picture.src = uri;
  else picture.removeAttribute("src");
}

export const likesText = (likes) => (Number(likes) === 1 ? "1 like" : `${likes} likes`);
