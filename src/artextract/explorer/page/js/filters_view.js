/** The column of filters: one block per facet, with counts, searchable where there are many categories. */

import { button, h, later, plural } from "./dom.js";
import { timeline } from "./timeline.js";

const SHOWN = 40;
const SEARCHABLE = 12;

export function filtersView(root, app) {
  const { data, filters } = app;
  const clear = button("Clear all", () => filters.clear(), { class: "quiet" });
  const take = button("Select these works", () => app.selectMatching(), { class: "quiet" });
  const close = button("Show works", () => app.drawer(false), { class: "main drawer-close" });
  root.append(h("div", { class: "heading" }, h("h2", { text: "Filters" }), clear));
  if (data.years && data.manifest.years) root.append(timeline(app));
  const blocks = data.facets.filter((facet) => facet.categories.length > 1).map((facet, i) => block(facet, app, i < 2));
  root.append(...blocks.map((one) => one.element), h("div", { class: "foot" }, take, close, about(data.manifest)));
  const update = () => {
    clear.hidden = !filters.active;
    take.hidden = filters.count === data.n || filters.count > 2000;
    for (const one of blocks) one.update();
  };
  filters.on(update);
  update();
}

function about({ made_by: by, works, not_shown: hidden }) {
  const sentence =
    hidden === works ? " No picture may be shown." : ` ${plural(hidden, "work")} without a picture that may be shown.`;
  return h("p", { class: "more", text: `Made by ${by}.${hidden ? sentence : ""}` });
}

function block(facet, app, open) {
  const { filters } = app;
  const number = h("span", { class: "number" });
  const list = h("ul", { class: "categories", "aria-label": facet.label });
  const more = h("p", { class: "more" });
  const words = h("input", {
    type: "search",
    class: "find",
    placeholder: `Find in ${facet.categories.length}`,
    "aria-label": `Find in ${facet.label}`,
  });
  const many = facet.categories.length > SEARCHABLE;
  const element = h(
    "details",
    { open, class: "facet" },
    h("summary", {}, h("span", { text: facet.label }), number),
    many && words,
    list,
    more,
  );
  const update = () => {
    const chosen = filters.chosen(facet.key);
    number.textContent = chosen.length ? String(chosen.length) : "";
    if (element.open) fill(facet, filters, list, more, words.value, chosen);
  };
  element.addEventListener("toggle", update);
  words.addEventListener("input", later(update, 120));
  return { element, update };
}

function fill(facet, filters, list, more, words, chosen) {
  const counts = filters.counts.get(facet.key);
  const wanted = words.trim().toLocaleLowerCase();
  let codes = facet.categories
    .map((_, code) => code)
    .filter((code) => !wanted || facet.categories[code].label.toLocaleLowerCase().includes(wanted));
  const first = (code) => (chosen.includes(facet.categories[code].label) ? 1 : 0);
  if (!facet.ordered) codes.sort((a, b) => first(b) - first(a) || counts[b] - counts[a]);
  const rest = codes.length - SHOWN;
  codes = codes.slice(0, SHOWN);
  const focused = list.contains(document.activeElement) ? document.activeElement.value : null;
  list.replaceChildren(...codes.map((code) => line(facet, code, counts[code], chosen, filters)));
  if (focused !== null) [...list.querySelectorAll("input")].find((input) => input.value === focused)?.focus();
  more.textContent = rest > 0 ? `${plural(rest, "more category", "more categories")}: search above` : "";
}

function line(facet, code, count, chosen, filters) {
  const { label } = facet.categories[code];
  const box = h("input", { type: "checkbox", value: label, onchange: () => filters.toggle(facet.key, label) });
  box.checked = chosen.includes(label);
  return h(
    "li",
    { class: count || box.checked ? "" : "empty" },
    h(
      "label",
      {},
      box,
      h("span", { class: "label", text: label }),
      h("span", { class: "number", text: count.toLocaleString("en") }),
    ),
  );
}
