/** The parts of the page and what they ask of each other. */

import { api } from "./api.js";
import { byId, h, plural, say } from "./dom.js";
import { Filters } from "./filters.js";
import { filtersView } from "./filters_view.js";
import { Label } from "./label.js";
import { MapView } from "./map.js";
import { mapTools } from "./map_tools.js";
import { Names } from "./names.js";
import { Panel } from "./panel.js";
import { Search } from "./search.js";
import { State } from "./state.js";
import { Upload } from "./upload.js";
import { Viewer } from "./viewer.js";
import { views } from "./views.js";

export class App {
  constructor(data) {
    this.data = data;
    this.live = null;
    this.state = new State(data);
    this.filters = new Filters(data, this.state);
    this.names = new Names(data);
  }

  async start() {
    if (this.data.manifest.api) this.live = await api.status().catch(() => null);
    const { data } = this;
    byId("title").textContent = data.manifest.title;
    this.state.read();
    byId("skip").addEventListener("click", () => document.querySelector("#stage > .view:not([hidden])")?.focus());
    this.label = new Label(this);
    this.search = new Search(byId("search"), this);
    this.panel = new Panel(byId("panel"), this);
    this.viewer = new Viewer(this);
    filtersView(byId("filters"), this);
    this._drawer();
    this._map();
    views(this);
    if (this.live?.upload) this.upload = new Upload(this, byId("actions"));
    this._count();
    this.filters.on(() => this._count());
    this.panel.start();
    if (this.state.values.q) this.search.run();
    this.viewer.follow();
    document.body.dataset.ready = "yes";
    if (data.n <= 20_000)
      data.all().then(
        () => this.map?.paint(),
        () => null,
      ); // a work that is opened says what is missing
  }

  _map() {
    byId("starting").remove();
    const root = h("div", {
      id: "map",
      class: "view",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map of pictures",
      "aria-label": `Map of ${plural(this.data.n, "work")}. Arrow keys go to the next work, Enter opens it, space selects it, plus and minus zoom, zero shows all.`,
    });
    byId("stage").append(root);
    if (!this.data.maps.size || !document.createElement("canvas").getContext("2d")) return;
    this.map = new MapView(root, this);
    this.tools = h("div", { id: "map-tools" }, mapTools(this));
    byId("stage").append(this.tools);
  }

  _count() {
    const { count } = this.filters;
    const { n } = this.data;
    byId("count").textContent =
      count === n ? plural(n, "work") : `${count.toLocaleString("en")} of ${plural(n, "work")}`;
  }

  /** Opens a work in the panel, and moves the focus there if asked. */
  open(row, focus = false) {
    this.state.set({ work: this.data.ids[row] }, true);
    if (focus) this.panel.render().then(() => this.panel.root.focus());
  }

  look(row) {
    this.viewer.show([row]);
  }

  compare(row) {
    this.state.set({ with: this.data.ids[row] }, true);
  }

  selectMatching() {
    const rows = this.filters.rows();
    this.state.select(rows);
    say(`${plural(rows.length, "work")} added to the selection`);
  }

  /** Shows or hides the filters where they do not fit beside the map. */
  drawer(open) {
    document.body.classList.toggle("drawer", open);
    if (open) byId("filters").focus();
    else byId("filter-button")?.focus();
  }

  /** Escape, and a click beside the filters, put them away. */
  _drawer() {
    const open = () => document.body.classList.contains("drawer");
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && open()) this.drawer(false);
    });
    byId("main").addEventListener("click", () => open() && this.drawer(false));
  }
}
