/** The views of the page, one at a time; each is made when it is first looked at. */

import { Clusters } from "./clusters.js";
import { button, byId } from "./dom.js";
import { Errors } from "./errors.js";
import { Grid } from "./grid.js";
import { LightTable } from "./light_table.js";
import { duplicates, outliers } from "./lists.js";

/** Key, name, whether the collection has it, and how it is made. */
function offered(app) {
  const { clusters, duplicates: copies, outliers: unlike, errors } = app.data.manifest;
  return [
    ["map", "Map", Boolean(app.map), null],
    ["grid", "Pictures", true, () => new Grid(app)],
    ["clusters", "Clusters", clusters?.length > 0, () => new Clusters(app)],
    ["copies", "Near-duplicates", copies?.length > 0, () => duplicates(app)],
    ["attribution", "Attribution", unlike?.length > 0, () => outliers(app)],
    ["errors", "Classification", Boolean(errors), () => new Errors(app)],
    ["table", "Light table", true, () => new LightTable(app)],
  ]
    .filter(([, , there]) => there)
    .map(([key, label, , make]) => ({ key, label, make }));
}

export function views(app) {
  const { state } = app;
  const choices = offered(app);
  const pages = new Map();
  const count = new Map(choices.map(({ key }) => [key, document.createElement("span")]));
  byId("views").replaceChildren(
    ...choices.map(({ key, label }) => {
      const one = button(label, () => state.set({ view: key }, true), { "data-view": key });
      one.append(count.get(key));
      return one;
    }),
  );
  byId("actions").append(
    button("Filters", () => app.drawer(!document.body.classList.contains("drawer")), { id: "filter-button" }),
  );
  const show = () => {
    const view = choices.find(({ key }) => key === state.values.view) || choices[0];
    for (const one of byId("views").children) {
      if (one.dataset.view === view.key) one.setAttribute("aria-current", "page");
      else one.removeAttribute("aria-current");
    }
    if (view.make && !pages.has(view.key)) {
      pages.set(view.key, view.make());
      byId("stage").append(pages.get(view.key).root);
    }
    document.body.dataset.view = view.key;
    document.body.classList.toggle("filtered", ["map", "grid"].includes(view.key));
    byId("map").hidden = view.key !== "map";
    if (app.tools) app.tools.hidden = view.key !== "map";
    for (const [key, page] of pages) page.show(key === view.key);
    app.map?.paint();
  };
  const selected = () => {
    const { length } = state.values.sel;
    count.get("table").textContent = length ? ` (${length.toLocaleString("en")})` : "";
  };
  state.on((changed) => {
    if (changed.has("view")) show();
    if (changed.has("sel")) selected();
  });
  show();
  selected();
}
