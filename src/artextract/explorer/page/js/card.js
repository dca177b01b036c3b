/** A work as a small picture with its title: in results, among neighbours, on contact sheets. */

import { h } from "./dom.js";

export const titleOf = (work) => work.title || "Untitled";
export const painterOf = (work) => work.attribution || work.artist || "";
export const captionOf = (work) => [titleOf(work), painterOf(work), work.date].filter(Boolean).join(", ");

/** The picture of a work, or a card with its title where it may not be shown. */
export function picture(data, work, alt = "") {
  if (!work.picture) return h("span", { class: "nopicture", text: titleOf(work) });
  return h("img", {
    src: data.picture(work.row),
    alt,
    loading: "lazy",
    decoding: "async",
    width: work.width || null,
    height: work.height || null,
  });
}

/**
 * A button that opens a work. With shift it is added to the selection.
 * @param {Object} app
 * @param {Object} work
 * @param {...(Node|string)} lines - Below the title.
 */
export function card(app, work, ...lines) {
  const act = (event) => (event.shiftKey ? app.state.toggleSelected(work.row) : app.open(work.row));
  return h(
    "button",
    { type: "button", class: "card", "data-row": work.row, title: captionOf(work), onclick: act },
    h("span", { class: "mat" }, picture(app.data, work)),
    h("span", { class: "name", text: titleOf(work) }),
    ...lines,
  );
}
