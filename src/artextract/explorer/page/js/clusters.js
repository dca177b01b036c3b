/** Clusters as contact sheets, which can be named. */

import { captionOf, picture } from "./card.js";
import { button, download, h, plural, put, say } from "./dom.js";

export class Clusters {
  constructor(app) {
    this.app = app;
    this.root = h("div", { class: "view scrolling page", id: "clusters", hidden: true, tabindex: -1 });
  }

  show(on) {
    this.root.hidden = !on;
    if (on && !this.root.firstChild) this._build();
  }

  _build() {
    const { app } = this;
    const kept = app.live?.names
      ? "Names are saved with the collection. They appear on the map and in the report."
      : "Names are kept in this browser. Download them as data/names/clusters.yaml to keep them with the collection, on the map and in the report.";
    put(
      this.root,
      h("h2", { text: "Clusters" }),
      h("p", {
        class: "lead",
        text: `Works that look alike, ${plural(app.names.clusters.length, "cluster")}; the most central come first. Give them names. ${kept}`,
      }),
      app.live?.names
        ? null
        : button("Download names", () => download("clusters.yaml", "application/yaml", app.names.yaml())),
      ...app.names.clusters.map((cluster, index) => this._sheet(cluster, index)),
    );
  }

  _sheet(cluster, index) {
    const { app } = this;
    const label = app.names.label(index);
    const said = h("span", { class: "more", role: "status" });
    const field = h("input", {
      type: "text",
      maxlength: 80,
      value: app.names.values.get(cluster.id),
      placeholder: "no name yet",
      "aria-label": `Name of ${label}`,
      "data-cluster": index,
      onchange: async () => {
        said.textContent = await app.names
          .set(index, field.value.trim())
          .catch((error) => `Not saved. ${error.message}`);
      },
    });
    const sheet = h("ul", { class: "contacts" });
    this._fill(sheet, cluster);
    return h(
      "section",
      { class: "cluster", "aria-label": label },
      h(
        "div",
        { class: "heading" },
        h("h3", { text: label }),
        field,
        said,
        h("span", { class: "more", text: [plural(cluster.count, "work"), cluster.words].filter(Boolean).join(" · ") }),
        button("Show on the map", () => this._filter(index), { "aria-label": `Show ${label} on the map` }),
      ),
      sheet,
    );
  }

  async _fill(sheet, cluster) {
    const { app } = this;
    const works = await app.data.works(cluster.works);
    put(
      sheet,
      works.map((work) =>
        h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              class: "contact",
              "aria-label": captionOf(work),
              title: captionOf(work),
              "data-row": work.row,
              onclick: (event) => (event.shiftKey ? app.state.toggleSelected(work.row) : app.open(work.row)),
            },
            picture(app.data, work),
          ),
        ),
      ),
    );
  }

  _filter(index) {
    const facet = this.app.data.facet("cluster");
    const filters = facet ? { filters: { cluster: [facet.categories[index].label] } } : {};
    this.app.state.set({ view: "map", work: null, ...filters }, true);
    say(`The map shows ${this.app.names.of(index)}`);
  }
}
