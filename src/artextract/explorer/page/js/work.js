/** What is known of a work: its picture, its label, its details. */

import { captionOf, painterOf, picture, titleOf } from "./card.js";
import { button, h, outside } from "./dom.js";

/** The picture and the label, as a museum puts them on a wall. */
export function heading(app, work) {
  const link = outside(work.link, "The museum's page");
  return [
    look(app, work),
    h("h2", { id: "work-title", text: titleOf(work), dir: "auto" }),
    h("p", { class: "painter", text: painterOf(work) }),
    h("p", { class: "facts", text: [work.date, work.medium].filter(Boolean).join(" · ") }),
    h("p", { class: "credit" }, work.credit || "", work.credit && link ? " · " : "", link),
  ];
}

function look(app, work) {
  return work.picture
    ? h(
        "button",
        {
          type: "button",
          class: "look",
          "aria-label": `Look closely at ${titleOf(work)}`,
          onclick: () => app.look(work.row),
        },
        picture(app.data, work, captionOf(work)),
      )
    : h(
        "div",
        { class: "look" },
        picture(app.data, work),
        h("p", { class: "more", text: "This picture may not be shown here." }),
      );
}

/** Categories as buttons that filter, and the columns that nobody knows beforehand. */
export function details(app, work) {
  const { data, filters } = app;
  const chips = data.facets
    .map((facet) => [facet, data.category(facet, work.row)])
    .filter(([, label]) => label !== null)
    .map(([facet, label]) =>
      h(
        "div",
        {},
        h("dt", { text: facet.label }),
        h(
          "dd",
          {},
          button(
            facet.key === "cluster" ? app.names.of(facet.codes[work.row]) : label,
            () => filters.choose(facet.key, [label]),
            { class: "chip", title: "Show works like this only", dir: "auto" },
          ),
        ),
      ),
    );
  const extra = Object.entries(work.extra)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: String(value), dir: "auto" })));
  return h("section", { "aria-label": "Details" }, h("h3", { text: "Details" }), h("dl", {}, chips, extra));
}
