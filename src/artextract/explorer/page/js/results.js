/** What a search found, as a list beside the map. */

import { card, painterOf } from "./card.js";
import { h, plural } from "./dom.js";

/** Elements of the list; the works are the first of the rows. */
export function resultsView(app, results, works) {
  const items = works.map((work, i) =>
    h(
      "li",
      {},
      card(
        app,
        work,
        h("span", { class: "by", text: painterOf(work) }),
        results.scores ? h("span", { class: "score", text: results.scores[i].toFixed(2) }) : null,
      ),
    ),
  );
  const rest = results.rows.length - works.length;
  const unknown = (results.unknown || []).join(", ");
  return [
    h(
      "div",
      { class: "heading" },
      h("h2", {
        text: results.scores ? `The ${results.rows.length} nearest` : plural(results.rows.length, "result"),
      }),
      app.search.clearButton(),
    ),
    results.problem ? h("p", { class: "problem", text: results.problem }) : null,
    unknown
      ? h("p", {
          class: "more",
          text: `Not in the vocabulary: ${unknown}. Search in titles, or use “artextract serve” for any words.`,
        })
      : null,
    results.scores && results.rows.length
      ? h("p", { class: "more", text: "The nearest come first; a cosine follows each." })
      : null,
    h("ol", { class: "found grid" }, items),
    rest > 0
      ? h("p", { class: "more", text: `${plural(rest, "more result")} on the map and among the pictures.` })
      : null,
  ];
}
