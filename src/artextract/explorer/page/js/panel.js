/** The panel beside the map: one work, or what a search found. */

import { titleOf } from "./card.js";
import { button, h, plural, put, say } from "./dom.js";
import { nearOnMap, neighbours } from "./neighbours.js";
import { resultsView } from "./results.js";
import { details, heading } from "./work.js";

const SHOWN = 60;

export class Panel {
  constructor(root, app) {
    Object.assign(this, { root, app, rendered: 0 });
    app.state.on((changed) => {
      if (changed.has("work")) this.render();
      if (["work", "map", "subject"].some((key) => changed.has(key))) this._near();
      if (changed.has("sel")) this._selected();
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this._leave();
    });
    app.filters.on(() => {
      if (app.state.row === null) this.render();
      else this._back();
    });
  }

  /** Shows what the address says. */
  start() {
    this.render();
    this._near();
  }

  /** Shows something else than a work, for example a picture of one's own. */
  put(...children) {
    this.rendered += 1;
    this.back = null;
    this.select = null;
    this._show(true);
    put(this.root, ...children);
    this.root.scrollTop = 0;
  }

  /** Back to the work or to the results. */
  dismiss() {
    if (this.app.map) this.app.map.guests = [];
    this._near();
    this.render();
  }

  /** Shows on the map what is nearest to the open work. */
  async _near() {
    const { row } = this.app.state;
    const rows = row === null ? [] : await nearOnMap(this.app, row);
    if (row === this.app.state.row) this.app.map?.setNear(rows);
  }

  /** Closes the panel, and gives the focus back to what is beside it. */
  _leave() {
    if (this.app.state.row === null) this.dismiss();
    else this.app.state.set({ work: null }, true);
    document.querySelector("#stage > .view:not([hidden])")?.focus();
  }

  _show(on) {
    this.root.hidden = !on;
    document.body.classList.toggle("with-panel", on);
  }

  async render() {
    const { app } = this;
    const turn = ++this.rendered;
    const row = app.state.row;
    const work = row === null ? null : await app.data.work(row);
    const results = this._matching();
    const found = !work && results ? await app.data.works(results.rows.slice(0, SHOWN)) : [];
    if (turn !== this.rendered) return;
    this._show(Boolean(work || results));
    document.title = work ? `${titleOf(work)} - ${app.data.manifest.title}` : app.data.manifest.title;
    if (work) this._work(work);
    else if (results) {
      this.back = null;
      put(this.root, resultsView(app, results, found));
    }
    this.root.scrollTop = 0;
  }

  _work(work) {
    const { app } = this;
    const close = button("Close", () => this._leave(), { class: "quiet" });
    this.back = h("span", {});
    this.select = button("", () => app.state.toggleSelected(work.row));
    put(
      this.root,
      h("div", { class: "heading" }, this.back, close),
      heading(app, work),
      h(
        "div",
        { class: "actions" },
        this.select,
        work.picture ? button("Look closely", () => app.look(work.row)) : null,
        button("Copy link", () => this._copy()),
      ),
      neighbours(app, work.row),
      details(app, work),
    );
    this._back();
    this._selected();
  }

  /** What the search found, less what the filters leave out; null without a search. */
  _matching() {
    const { result } = this.app.search;
    if (!result) return null;
    const kept = result.rows.map((_, i) => i).filter((i) => this.app.filters.mask[result.rows[i]]);
    return {
      ...result,
      rows: kept.map((i) => result.rows[i]),
      scores: result.scores && kept.map((i) => result.scores[i]),
    };
  }

  _back() {
    const result = this._matching();
    if (!this.back) return;
    this.back.replaceChildren(
      ...(result
        ? [
            button(`‹ ${plural(result.rows.length, "result")}`, () => this.app.state.set({ work: null }, true), {
              class: "quiet",
            }),
          ]
        : []),
    );
  }

  _selected() {
    if (this.select && this.app.state.row !== null)
      this.select.textContent = this.app.state.isSelected(this.app.state.row)
        ? "Remove from selection"
        : "Add to selection";
  }

  async _copy() {
    await navigator.clipboard?.writeText(location.href).catch(() => null);
    say("The link is in the clipboard");
  }
}
