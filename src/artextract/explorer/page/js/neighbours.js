/** The nearest works in every space, side by side, and the slider from look to subject. */

import { bar, inWords, key } from "./alike.js";
import { captionOf, card } from "./card.js";
import { button, h } from "./dom.js";

/** Spaces as columns; where the slider exists it takes the place of the siamese space. */
export function neighbours(app, row) {
  const { manifest } = app.data;
  const slides = (manifest.subject || []).length > 1;
  const spaces = manifest.spaces.filter((space) => !(slides && space.key === "siamese"));
  const columns = spaces.map((space) => column(app, row, space.key, space.label, space.description));
  if (slides) columns.push(slider(app, row));
  const { alike } = manifest;
  return h(
    "section",
    { class: "nearest", "aria-label": "Nearest works" },
    h("h3", { text: "Nearest works" }),
    h("div", { class: "columns" }, columns),
    alike
      ? h(
          "div",
          { class: "why" },
          key(alike.labels),
          h(
            "details",
            { class: "more" },
            h("summary", { text: "What makes works alike" }),
            h("p", { text: alike.description }),
            h(
              "ul",
              {},
              Object.entries(alike.measures || {}).map(([name, text]) =>
                h("li", {}, h("b", { text: name }), `: ${text}`),
              ),
            ),
          ),
        )
      : null,
  );
}

function column(app, row, space, label, description) {
  const list = h("ol", { class: "found", "data-space": space, "aria-label": `Nearest: ${label}` });
  fill(app, row, space, list);
  return h("div", { class: "column" }, h("h4", { text: label, title: description || null }), list);
}

function slider(app, row) {
  const { state, data } = app;
  const steps = data.manifest.subject;
  const list = h("ol", { class: "found", "data-space": "subject", "aria-label": "Nearest: from look to subject" });
  const range = h("input", {
    type: "range",
    min: 0,
    max: steps.length - 1,
    step: 1,
    value: steps.indexOf(step(steps, state.values.subject)),
    "aria-label": "From look to subject",
  });
  const show = () => {
    const weight = steps[range.value];
    range.setAttribute("aria-valuetext", `${weight}% subject`);
    fill(app, row, `subject-${weight}`, list);
  };
  range.addEventListener("input", () => {
    state.set({ subject: steps[range.value] });
    show();
  });
  show();
  return h(
    "div",
    { class: "column" },
    h("h4", { text: "Look to subject" }),
    h("div", { class: "slide" }, h("span", { text: "look" }), range, h("span", { text: "subject" })),
    list,
  );
}

async function fill(app, row, space, list) {
  list.dataset.shown = space;
  const { rows, scores } = await app.data.neighbours(space, row);
  const [works, shares] = await Promise.all([app.data.works(rows), space === "image" ? app.data.alike(row) : null]);
  if (list.dataset.shown !== space || app.state.row !== row) return;
  const labels = app.data.manifest.alike?.labels;
  list.replaceChildren(...works.map((work, i) => item(app, row, work, scores[i], shares && shares[i], labels)));
}

/** Rows that the map connects with a work: its nearest in the map's own space. */
export async function nearOnMap(app, row) {
  const { map, subject } = app.state.values;
  const { spaces, subject: steps } = app.data.manifest;
  if (map === "siamese" && steps?.length > 1)
    return (await app.data.neighbours(`subject-${step(steps, subject)}`, row)).rows;
  return spaces.some(({ key }) => key === map) ? (await app.data.neighbours(map, row)).rows : [];
}

/** The weight of the subject that is nearest to a wanted one. */
function step(steps, wanted) {
  return steps.reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best));
}

function item(app, row, work, score, shares, labels) {
  const why =
    shares && labels ? [bar(shares, labels), h("span", { class: "reason", text: inWords(shares, labels) })] : [];
  const compare = button("Compare", () => app.compare(work.row), {
    class: "tiny",
    "aria-label": `Compare with ${captionOf(work)}`,
  });
  return h("li", {}, card(app, work, h("span", { class: "score", text: score.toFixed(2) }), ...why), compare);
}
