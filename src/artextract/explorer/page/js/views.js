/** The views of the page, one at a time. */

import { button, byId } from "./dom.js";
import { Grid } from "./grid.js";

/** Key, name and whether the collection has it. */
function offered(app) {
  return [["map", "Map", Boolean(app.map)], ["grid", "Pictures", true]].filter(([, , there]) => there);
}

export function views(app) {
  const { state } = app;
  const stage = byId("stage");
  const nav = byId("views");
  const choices = offered(app);
  const pages = { grid: new Grid(app) };
  for (const page of Object.values(pages)) stage.append(page.root);
  nav.replaceChildren(...choices.map(([key, label]) => button(label, () => state.set({ view: key }, true), { "data-view": key })));
  byId("actions").append(button("Filters", () => app.drawer(!document.body.classList.contains("drawer")), { id: "filter-button" }));
  const show = () => {
    const view = choices.some(([key]) => key === state.values.view) ? state.values.view : choices[0][0];
    for (const one of nav.children) one.toggleAttribute("aria-current", one.dataset.view === view);
    for (const one of nav.children) if (one.dataset.view === view) one.setAttribute("aria-current", "page");
    byId("map").hidden = view !== "map";
    if (app.tools) app.tools.hidden = view !== "map";
    for (const [key, page] of Object.entries(pages)) page.show(key === view);
    if (view === "map") app.map?.paint();
  };
  state.on((changed) => {
    if (changed.has("view")) show();
  });
  show();
}
