/** All works that match as a grid of pictures; only the cells in sight exist. */

import { captionOf, painterOf, picture, titleOf } from "./card.js";
import { h } from "./dom.js";

const LINE = 212; // pixels of a line: picture and two lines of text
const LEAST = 150;

export class Grid {
  constructor(app) {
    Object.assign(this, { app, data: app.data, rows: [], cells: new Map(), at: 0 });
    this.sheet = h("div", { class: "sheet", role: "list", "aria-label": "Works" });
    this.root = h("div", { class: "view scrolling", id: "grid", hidden: true, tabindex: -1 }, this.sheet);
    this.root.addEventListener("scroll", () => this._draw(), { passive: true });
    this.root.addEventListener("keydown", (event) => this._key(event));
    new ResizeObserver(() => this._draw()).observe(this.root);
    app.filters.on(() => this._renew());
    app.state.on((changed) => {
      if (changed.has("work") || changed.has("sel")) this._marks();
    });
  }

  show(on) {
    this.root.hidden = !on;
    if (on) this._renew();
  }

  /** In the order of the search's answer, else of the collection. */
  _renew() {
    if (this.root.hidden) return;
    const found = this.app.search.result;
    this.rows = found ? found.rows.filter((row) => this.app.filters.mask[row]) : this.app.filters.rows();
    this.at = 0;
    this.cells.clear();
    this.sheet.replaceChildren();
    this.root.scrollTop = 0;
    this._draw();
  }

  get columns() {
    return Math.max(2, Math.floor(this.root.clientWidth / LEAST));
  }

  _draw() {
    if (this.root.hidden || !this.root.clientWidth) return;
    const { columns } = this;
    const lines = Math.ceil(this.rows.length / columns);
    this.sheet.style.height = `${lines * LINE}px`;
    const first = Math.max(0, Math.floor(this.root.scrollTop / LINE) - 2) * columns;
    const last = Math.min(
      this.rows.length,
      (Math.ceil((this.root.scrollTop + this.root.clientHeight) / LINE) + 2) * columns,
    );
    for (const [at, cell] of this.cells) {
      if ((at < first || at >= last) && !cell.contains(document.activeElement)) {
        cell.remove();
        this.cells.delete(at);
      }
    }
    for (let at = first; at < last; at++) this._cell(at, columns);
  }

  _cell(at, columns) {
    let cell = this.cells.get(at);
    if (!cell) {
      cell = this._new(at);
      this.cells.set(at, cell);
      const after = [...this.cells.keys()].filter((other) => other > at).sort((a, b) => a - b)[0];
      this.sheet.insertBefore(cell, after === undefined ? null : this.cells.get(after));
    }
    cell.style.left = `${((at % columns) / columns) * 100}%`;
    cell.style.top = `${Math.floor(at / columns) * LINE}px`;
    cell.style.width = `${100 / columns}%`;
  }

  _new(at) {
    const row = this.rows[at];
    const act = (event) => (event.shiftKey ? this.app.state.toggleSelected(row) : this.app.open(row));
    const cell = h("button", {
      type: "button",
      class: "card",
      "data-row": row,
      "data-at": at,
      tabindex: at === this.at ? 0 : -1,
      onclick: act,
    });
    this.data.work(row).then((work) => {
      cell.append(
        h("span", { class: "mat" }, picture(this.data, work)),
        h("span", { class: "name", text: titleOf(work), dir: "auto" }),
        h("span", { class: "by", text: painterOf(work), dir: "auto" }),
      );
      cell.setAttribute("aria-label", captionOf(work));
    });
    const item = h(
      "div",
      { role: "listitem", class: "cell", "aria-setsize": this.rows.length, "aria-posinset": at + 1 },
      cell,
    );
    this._mark(cell);
    return item;
  }

  _mark(cell) {
    const row = Number(cell.dataset.row);
    cell.classList.toggle("open", row === this.app.state.row);
    cell.classList.toggle("selected", this.app.state.isSelected(row));
  }

  _marks() {
    for (const item of this.cells.values()) this._mark(item.firstChild);
  }

  _key(event) {
    const step = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.columns,
      ArrowUp: -this.columns,
      Home: -Infinity,
      End: Infinity,
    }[event.key];
    if (!step || !event.target.dataset.at) return;
    event.preventDefault();
    const at = Math.max(0, Math.min(this.rows.length - 1, Number(event.target.dataset.at) + step));
    const top = Math.floor(at / this.columns) * LINE;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    if (top + LINE > this.root.scrollTop + this.root.clientHeight)
      this.root.scrollTop = top + LINE - this.root.clientHeight;
    this.at = at;
    this._draw();
    for (const item of this.cells.values())
      item.firstChild.tabIndex = Number(item.firstChild.dataset.at) === at ? 0 : -1;
    this.cells.get(at)?.firstChild.focus();
  }
}
