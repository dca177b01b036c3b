/** Which works match: categories, years and what was searched for; and how many each further choice would leave. */

export class Filters {
  constructor(data, state) {
    Object.assign(this, { data, state, found: null, listeners: [] });
    this.mask = new Uint8Array(data.n).fill(1);
    this.count = data.n;
    this.counts = new Map();
    this.run();
    state.on((changed) => {
      if (["filters", "from", "to"].some((key) => changed.has(key))) this.run();
    });
  }

  on(fn) {
    this.listeners.push(fn);
  }

  /** Restricts to the rows that a search found; null for all. */
  setFound(rows) {
    this.found = rows && new Uint8Array(this.data.n);
    for (const row of rows || []) this.found[row] = 1;
    this.run();
  }

  /** Rows that match, in the collection's order. */
  rows() {
    const rows = [];
    for (let row = 0; row < this.data.n; row++) if (this.mask[row]) rows.push(row);
    return rows;
  }

  get active() {
    const { filters, from, to } = this.state.values;
    return Object.keys(filters).length > 0 || from !== null || to !== null;
  }

  /** Chosen labels of a facet. */
  chosen(key) {
    return this.state.values.filters[key] || [];
  }

  toggle(key, label) {
    const labels = this.chosen(key);
    this.choose(key, labels.includes(label) ? labels.filter((other) => other !== label) : [...labels, label]);
  }

  choose(key, labels) {
    const filters = { ...this.state.values.filters, [key]: labels };
    if (!labels.length) delete filters[key];
    this.state.set({ filters });
  }

  clear() {
    this.state.set({ filters: {}, from: null, to: null });
  }

  /** A work counts for a facet's categories if every other condition lets it pass. */
  run() {
    const { data, found } = this;
    const facets = data.facets;
    const allowed = facets.map((facet) => this._allowed(facet));
    const counts = facets.map((facet) => new Uint32Array(facet.categories.length));
    const { from, to } = this.state.values;
    const years = data.years && (from !== null || to !== null);
    this.beforeYears = new Uint8Array(data.n);
    this.count = 0;
    for (let row = 0; row < data.n; row++) {
      let fails = found && !found[row] ? 2 : 0;
      let failed = -1;
      const year = years ? data.years[row] : 0;
      const outside = years && (year === -32768 || (from !== null && year < from) || (to !== null && year > to));
      for (let i = 0; i < facets.length; i++) {
        if (allowed[i] && !(facets[i].codes[row] !== 65535 && allowed[i][facets[i].codes[row]]))
          [fails, failed] = [fails + 1, i];
      }
      this.beforeYears[row] = fails ? 0 : 1;
      if (outside) [fails, failed] = [fails + 1, -1];
      this.mask[row] = fails ? 0 : 1;
      this.count += fails ? 0 : 1;
      if (fails > 1 || (fails === 1 && failed < 0)) continue;
      for (let i = 0; i < facets.length; i++) {
        const code = facets[i].codes[row];
        if (code !== 65535 && (fails === 0 || failed === i)) counts[i][code] += 1;
      }
    }
    this.counts = new Map(facets.map((facet, i) => [facet.key, counts[i]]));
    for (const listener of this.listeners) listener();
  }

  _allowed(facet) {
    const labels = this.chosen(facet.key);
    if (!labels.length) return null;
    const allowed = new Uint8Array(facet.categories.length);
    facet.categories.forEach((category, code) => (allowed[code] = labels.includes(category.label) ? 1 : 0));
    return allowed;
  }
}
