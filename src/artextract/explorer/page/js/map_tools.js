/** What stands over the map: which map, which colours, zoom, lasso, and the legend. */

import { button, h } from "./dom.js";

export function mapTools(app) {
  const { data, state, map } = app;
  const maps = h(
    "div",
    { class: "switch", role: "group", "aria-label": "Map" },
    data.manifest.maps.map((one) =>
      button(one.label, () => state.set({ map: one.key }, true), {
        "data-map": one.key,
        title: one.description || null,
      }),
    ),
  );
  const colour = h(
    "select",
    { "aria-label": "Colour by", onchange: (event) => state.set({ colour: event.target.value }) },
    h("option", { value: "", text: "no colours" }),
    data.facets.map((facet) => h("option", { value: facet.key, text: `colour by ${facet.label.toLowerCase()}` })),
  );
  const lasso = button(
    "Lasso",
    () => {
      map.input.lasso.toggle();
      lasso.setAttribute("aria-pressed", String(map.input.lasso.on));
    },
    { "aria-pressed": "false", title: "Draw around works to select them" },
  );
  const zooms = h(
    "div",
    { class: "zooms" },
    button("+", () => map.input.scale(1.6), { "aria-label": "Zoom in" }),
    button("−", () => map.input.scale(1 / 1.6), { "aria-label": "Zoom out" }),
    button("Whole", () => map.input.reset()),
    lasso,
  );
  const legend = h("ul", { class: "legend", "aria-label": "Colours" });
  const caption = h("p", { class: "caption" });
  const update = () => {
    for (const one of maps.children) one.setAttribute("aria-pressed", String(one.dataset.map === state.values.map));
    colour.value = state.values.colour;
    caption.textContent = described(data.manifest.maps.find((one) => one.key === state.values.map));
    const { legend: lines, rest } = map.scale;
    legend.hidden = !lines.length;
    legend.replaceChildren(
      ...lines.map((line) => entry(line, app)),
      ...(rest > 0 ? [h("li", { class: "more", text: `${rest} more without a colour` })] : []),
    );
  };
  state.on((changed) => {
    if (changed.has("map") || changed.has("colour")) update();
  });
  app.names.on(update);
  update();
  return [
    h("div", { class: "tools" }, data.manifest.maps.length > 1 ? maps : null, colour),
    zooms,
    h("div", { class: "corner" }, legend, caption),
  ];
}

function described({ description, trustworthiness }) {
  const kept =
    typeof trustworthiness === "number"
      ? `Trustworthiness ${trustworthiness.toFixed(2)}: 1 if all neighbours on the map are neighbours in fact.`
      : "";
  return [description, kept].filter(Boolean).join(" ");
}

function entry({ label, colour, code }, app) {
  const swatch = h("span", { class: "swatch" });
  swatch.style.background = colour;
  const text = app.state.values.colour === "cluster" ? app.names.of(code) : label;
  return h("li", {}, swatch, h("span", { text, dir: "auto" }));
}
