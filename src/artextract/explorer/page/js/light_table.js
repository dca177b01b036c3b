/** The selection on a light table: ordered by hand, compared, taken away as CSV or IIIF. */

import { captionOf, painterOf, picture, titleOf } from "./card.js";
import { button, download, h, plural, put, say } from "./dom.js";
import { csv, iiif } from "./exports.js";

const MOST = 300; // pictures that the table shows at once

export class LightTable {
  constructor(app) {
    Object.assign(this, { app, marked: [] });
    this.list = h("ol", { class: "table" });
    this.head = h("div", {});
    this.said = h("p", { class: "more", role: "status" });
    this.root = h(
      "div",
      { class: "view scrolling page", id: "table", hidden: true, tabindex: -1 },
      this.head,
      this.said,
      this.list,
    );
    app.state.on((changed) => {
      if (changed.has("sel") && !this.root.hidden) this._draw();
    });
  }

  show(on) {
    this.root.hidden = !on;
    if (on) this._draw();
  }

  async _draw() {
    const { state, data } = this.app;
    const { sel } = state.values;
    const works = await data.works(sel.slice(0, MOST));
    const size = h("input", {
      type: "range",
      min: 7,
      max: 26,
      value: this.size || (innerWidth < 600 ? 9 : 12),
      "aria-label": "Size of pictures",
      oninput: () => this._resize(size.value),
    });
    const full = sel.length > 0;
    put(
      this.head,
      h("h2", { text: "Light table" }),
      h("p", {
        class: "lead",
        text: full
          ? `${plural(sel.length, "work")}. Drag pictures, or use their arrows, to put them in order.`
          : "Nothing is selected. Choose “Add to selection” beside a work, click works with the shift key, or draw around them with the lasso of the map.",
      }),
      full
        ? h(
            "div",
            { class: "actions" },
            button("Table (CSV)", () => this._csv()),
            button("IIIF manifest", () => this._iiif()),
            button("Clear", () => state.set({ sel: [] }, true)),
            h("label", { class: "more" }, "size ", size),
          )
        : null,
      sel.length > 400 ? h("p", { class: "more", text: "The address of this view holds the first 400 works." }) : null,
    );
    this.list.replaceChildren(...works.map((work, at) => this._item(work, at, works.length)));
    this._resize(size.value);
  }

  _resize(rem) {
    this.size = rem;
    this.list.style.setProperty("--size", `${rem}rem`);
  }

  _item(work, at, count) {
    const { app } = this;
    const caption = captionOf(work);
    const item = h(
      "li",
      { draggable: "true", "data-row": work.row },
      h(
        "button",
        { type: "button", class: "plain", "aria-label": `Open ${caption}`, onclick: () => app.open(work.row) },
        picture(app.data, work),
      ),
      h("strong", { class: "name", text: titleOf(work), dir: "auto" }),
      h("span", { class: "by", text: [painterOf(work), work.date].filter(Boolean).join(", ") }),
      h(
        "span",
        { class: "small" },
        at > 0 ? button("‹", () => this._move(at, at - 1), { "aria-label": `Move ${caption} to the left` }) : null,
        at < count - 1
          ? button("›", () => this._move(at, at + 1), { "aria-label": `Move ${caption} to the right` })
          : null,
        at > 0
          ? button("compare", () => this._compare(at), {
              class: "quiet",
              "aria-label": `Compare ${caption} with the work before it`,
              title: "Compare with the work before it",
            })
          : null,
        button("remove", () => app.state.toggleSelected(work.row), {
          class: "quiet",
          "aria-label": `Remove ${caption}`,
        }),
      ),
    );
    item.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", String(at)));
    item.addEventListener("dragover", (event) => event.preventDefault());
    item.addEventListener("drop", (event) => {
      event.preventDefault();
      this._move(Number(event.dataTransfer.getData("text/plain")), at);
    });
    return item;
  }

  _move(from, to) {
    const sel = [...this.app.state.values.sel];
    if (!Number.isInteger(from) || !(from in sel)) return;
    sel.splice(to, 0, ...sel.splice(from, 1));
    this.app.state.set({ sel });
    say(`Moved to place ${to + 1}`);
  }

  _compare(at) {
    const [first, second] = this.app.state.values.sel.slice(at - 1, at + 1).map((row) => this.app.data.ids[row]);
    this.app.state.set({ work: first, with: second }, true);
  }

  async _csv() {
    download("selection.csv", "text/csv;charset=utf-8", csv(await this.app.data.works(this.app.state.values.sel)));
  }

  async _iiif() {
    const { data, state } = this.app;
    const works = await data.works(state.values.sel);
    const base = `${location.origin}${location.pathname}`;
    const manifest = iiif(
      works,
      (row) => new URL(data.picture(row), base).href,
      base,
      `Selection from ${data.manifest.title}`,
    );
    const left = works.length - manifest.items.length;
    this.said.textContent = left
      ? `${plural(left, "work")} without a picture that may be shown ${left === 1 ? "is" : "are"} left out of the manifest.`
      : "";
    download("selection.json", "application/json", JSON.stringify(manifest, null, 1));
  }
}
