/** Names of clusters: kept by `artextract serve`, or in this browser until they are downloaded. */

import { api } from "./api.js";

const d3 = window.d3;

/** What this browser keeps under a key; nothing where it keeps nothing, as in a private window. */
function remembered(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) || {};
  } catch {
    return {};
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return; // the name lasts as long as the page is open, and can be downloaded
  }
}

export class Names {
  constructor(data) {
    this.data = data;
    this.clusters = data.manifest.clusters || [];
    this.key = `artextract-names ${data.manifest.title}`;
    this.values = new Map(this.clusters.map((cluster) => [cluster.id, cluster.name || ""]));
    this.middles = new Map();
    this.listeners = [];
    this.own = remembered(this.key);
    if (!data.manifest.api)
      for (const [id, name] of Object.entries(this.own)) if (this.values.has(id)) this.values.set(id, String(name));
  }

  on(fn) {
    this.listeners.push(fn);
  }

  /** The name, or a number where there is none. */
  of(index) {
    const cluster = this.clusters[index];
    return cluster ? this.values.get(cluster.id) || this.label(index) : "";
  }

  /** "Cluster 3", whatever its name. */
  label(index) {
    return `Cluster ${this.clusters[index].number ?? index + 1}`;
  }

  /** [index, name] of the clusters that have a name. */
  named() {
    return this.clusters.map((cluster, index) => [index, this.values.get(cluster.id)]).filter(([, name]) => name);
  }

  /** Names a cluster. Resolves to a sentence about where the name is kept. */
  async set(index, name) {
    const { id } = this.clusters[index];
    const live = this.data.manifest.api;
    if (live) await api.names({ [id]: name });
    this.values.set(id, name);
    if (!live) {
      this.own = { ...this.own, [id]: name };
      remember(this.key, this.own);
    }
    for (const listener of this.listeners) listener();
    return live
      ? "Saved in data/names/clusters.yaml."
      : "Kept in this browser. Download the names to keep them with the collection.";
  }

  /** The names as data/names/clusters.yaml holds them; JSON strings are YAML strings. */
  yaml() {
    const lines = this.clusters
      .filter((cluster) => this.values.get(cluster.id))
      .map((cluster) => `${JSON.stringify(cluster.id)}: ${JSON.stringify(this.values.get(cluster.id))}\n`);
    return lines.join("") || "{}\n";
  }

  /** Middle of a cluster's works on a map, as medians. */
  middle(index, map) {
    const key = `${map} ${index}`;
    if (!this.middles.has(key)) {
      const facet = this.data.facet("cluster");
      const xy = this.data.maps.get(map);
      const rows = [];
      if (facet) for (let row = 0; row < this.data.n; row++) if (facet.codes[row] === index) rows.push(row);
      if (!rows.length) rows.push(...this.clusters[index].works);
      this.middles.set(
        key,
        rows.length ? [d3.median(rows, (row) => xy[row * 2]), d3.median(rows, (row) => xy[row * 2 + 1])] : null,
      );
    }
    return this.middles.get(key);
  }
}
