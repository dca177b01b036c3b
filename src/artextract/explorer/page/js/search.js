/** The search field, and who answers: a worker, or `artextract serve` for meanings. */

import { api } from "./api.js";
import { button, h, later } from "./dom.js";

const NEAREST = 48; // works that a search by meaning lists

export class Search {
  constructor(form, app) {
    Object.assign(this, { app, form, result: null, asked: 0, waiting: new Map() });
    this._build();
    app.state.on((changed) => {
      if (changed.has("q") || changed.has("by")) this.run();
    });
  }

  get ways() {
    const { words, seen } = this.app.data.manifest;
    const live = this.app.live?.spaces || [];
    return [
      ["titles", "titles and painters"],
      ...(words || live.includes("title") ? [["title", "meaning of titles"]] : []),
      ...(seen || live.includes("words") ? [["words", "what pictures show"]] : []),
    ];
  }

  _build() {
    const { state } = this.app;
    const field = h("input", {
      type: "search",
      id: "q",
      name: "q",
      placeholder: "Search",
      "aria-label": "Search for",
      autocomplete: "off",
      maxlength: 200,
    });
    this.field = field;
    this.way = h("select", { "aria-label": "Search in" });
    this.form.append(field, this.way);
    field.addEventListener("focus", () => this._worker().postMessage({ kind: "warm" }), { once: true });
    field.addEventListener(
      "input",
      later(() => state.set({ q: field.value.trim(), ...(field.value.trim() ? { work: null } : {}) }), 180),
    );
    this.way.addEventListener("change", () => state.set({ by: this.way.value }));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      state.set({ q: field.value.trim(), work: null }, true);
    });
    this.offer();
  }

  /** The ways to search, which grow when the page finds a server. */
  offer() {
    this.way.replaceChildren(...this.ways.map(([value, text]) => h("option", { value, text: `in ${text}` })));
    this.way.value = this.app.state.values.by;
    this.way.hidden = this.ways.length < 2;
  }

  _worker() {
    if (!this.worker) {
      this.worker = new Worker(new URL("search_worker.js", import.meta.url));
      const { works, chunk } = this.app.data.manifest;
      this.worker.postMessage({ manifest: { works, chunk } });
      this.worker.onmessage = ({ data }) => {
        this.waiting.get(data.id)?.(data);
        this.waiting.delete(data.id);
      };
    }
    return this.worker;
  }

  _ask(message) {
    return new Promise((resolve) => {
      this.waiting.set(message.id, resolve);
      this._worker().postMessage(message);
    });
  }

  async _answer(id, q, by) {
    if (by !== "titles" && this.app.live?.spaces?.includes(by)) {
      return {
        unknown: [],
        ...(await api.words(q, by, NEAREST).catch((error) => ({ rows: [], scores: [], problem: error.message }))),
      };
    }
    return this._ask({ id, kind: by, q, k: NEAREST });
  }

  /** Searches for what the address says. */
  async run() {
    const { q, by } = this.app.state.values;
    if (document.activeElement !== this.field) this.field.value = q;
    this.way.value = by;
    const id = ++this.asked;
    const found = q ? await this._answer(id, q, by) : null;
    if (id !== this.asked) return;
    this.result = found && { q, by, rows: [], scores: null, unknown: [], ...found };
    this.app.filters.setFound(this.result && this.result.rows);
  }

  clearButton() {
    return button(
      "Clear search",
      () => {
        this.field.value = "";
        this.app.state.set({ q: "" }, true);
      },
      { class: "quiet" },
    );
  }
}
