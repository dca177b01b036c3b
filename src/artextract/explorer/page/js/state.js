/** What is shown, as the address says it: every view has a link, and the back button works. */

import { later } from "./dom.js";

const NUMBERS = new Set(["subject", "from", "to", "x", "y", "z"]);
const MOST_SELECTED = 400; // ids in the address; more would make links that servers and mail programs cut

export class State {
  constructor(data) {
    this.data = data;
    const maps = data.manifest.maps.map((map) => map.key);
    this.defaults = {
      view: "map",
      map: maps[0],
      colour: "",
      work: null,
      with: null,
      subject: 50,
      q: "",
      by: "titles",
      filters: {},
      from: null,
      to: null,
      sel: [],
      x: 0.5,
      y: 0.5,
      z: 1,
      task: "",
      cell: "",
    };
    this.values = { ...this.defaults };
    this._listeners = [];
    this._replaceSoon = later(() => this._write(false), 250);
    for (const event of ["popstate", "hashchange"]) addEventListener(event, () => this.read());
  }

  /** Calls fn with the set of changed keys after each change. */
  on(fn) {
    this._listeners.push(fn);
  }

  get row() {
    return this._row(this.values.work);
  }

  get other() {
    return this._row(this.values.with);
  }

  _row(id) {
    return id === null ? null : (this.data.rowOf.get(id) ?? null);
  }

  /**
   * Changes values.
   * @param {Object} changes
   * @param {boolean} push - Whether the back button returns to what was before.
   */
  set(changes, push = false) {
    const before = this.values;
    const after = { ...before, ...changes };
    const changed = new Set(Object.keys(after).filter((key) => !same(before[key], after[key])));
    if (!changed.size) return;
    if (push) this._write(false);
    this.values = after;
    if (push) this._write(true);
    else this._replaceSoon();
    this._tell(changed);
  }

  _tell(changed) {
    for (const listener of this._listeners) listener(changed);
  }

  /** The address of a view that differs from this one by some changes. */
  address(changes = {}) {
    const values = { ...this.values, ...changes };
    const parts = new URLSearchParams();
    for (const [key, value] of Object.entries(values)) {
      if (same(value, this.defaults[key]) || value === null) continue;
      if (key === "filters") {
        for (const [facet, labels] of Object.entries(value))
          for (const label of labels) parts.append(`f.${facet}`, label);
      } else if (key === "sel") {
        if (value.length)
          parts.set(
            "sel",
            value
              .slice(0, MOST_SELECTED)
              .map((row) => this.data.ids[row])
              .join(","),
          );
      } else parts.set(key, typeof value === "number" ? String(+value.toFixed(4)) : value);
    }
    return `#${parts}`;
  }

  _write(push) {
    const address = this.address();
    if (address === (location.hash || "#")) return;
    history[push ? "pushState" : "replaceState"](null, "", address);
  }

  /** Takes the values of the page's address. */
  read() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const values = { ...this.defaults, filters: {}, sel: [] };
    for (const [key, text] of parts) {
      if (key.startsWith("f.")) this._filter(values.filters, key.slice(2), text);
      else if (key === "sel")
        values.sel = text
          .split(",")
          .map((id) => this.data.rowOf.get(id))
          .filter((row) => row !== undefined);
      else if (NUMBERS.has(key)) values[key] = Number.isFinite(+text) ? +text : this.defaults[key];
      else if (Object.hasOwn(this.defaults, key)) values[key] = text;
    }
    if (!this.data.maps.has(values.map)) values.map = this.defaults.map;
    values.z = Math.min(80, Math.max(0.8, values.z));
    const changed = new Set(Object.keys(values).filter((key) => !same(values[key], this.values[key])));
    this.values = values;
    if (changed.size) this._tell(changed);
  }

  /** An address may name facets that this collection does not have. */
  _filter(filters, key, label) {
    if (this.data.facet(key)) filters[key] = [...(filters[key] || []), label];
  }

  isSelected(row) {
    return this.values.sel.includes(row);
  }

  toggleSelected(row) {
    const { sel } = this.values;
    this.set({ sel: sel.includes(row) ? sel.filter((other) => other !== row) : [...sel, row] });
  }

  select(rows) {
    this.set({ sel: [...new Set([...this.values.sel, ...rows])] });
  }
}

function same(a, b) {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}
