/** The collection: what is small is loaded at once, works and neighbours by chunk when they are needed. */

import { bytes, json } from "./api.js";

const NONE = 65535;
const UNDATED = -32768;
const name = (chunk) => String(chunk).padStart(4, "0");

export class Data {
  /** Reads what the first view needs. */
  static async load() {
    const manifest = await json("data/manifest.json");
    const data = new Data(manifest);
    const [positions, facets, ids, years, cells] = await Promise.all([
      bytes("data/positions.bin"),
      manifest.facets.length ? bytes("data/facets.bin") : new ArrayBuffer(0),
      json("data/ids.json"),
      manifest.years ? bytes("data/years.bin") : null,
      manifest.thumbs.order === "cells" ? bytes("data/cells.bin") : null,
    ]);
    data._unpack(positions, facets, ids, years, cells);
    return data;
  }

  constructor(manifest) {
    this.manifest = manifest;
    this.n = manifest.works;
    this.facets = [];
    this.maps = new Map();
    this._kept = new Map();
    this._works = [];
  }

  _unpack(positions, facets, ids, years, cells) {
    const { n, manifest } = this;
    manifest.maps.forEach((map, i) => this.maps.set(map.key, new Float32Array(positions, i * n * 8, n * 2)));
    this.facets = manifest.facets.map((facet, i) => ({ ...facet, codes: new Uint16Array(facets, i * n * 2, n) }));
    this.ids = ids;
    this.rowOf = new Map(ids.map((id, row) => [id, row]));
    this.years = years && new Int16Array(years);
    this.cells = cells && new Int32Array(cells);
  }

  facet(key) {
    return this.facets.find((facet) => facet.key === key) || null;
  }

  /** Category of a work, or null. */
  category(facet, row) {
    const code = facet.codes[row];
    return code === NONE ? null : facet.categories[code].label;
  }

  year(row) {
    const year = this.years ? this.years[row] : UNDATED;
    return year === UNDATED ? null : year;
  }

  _once(path, read) {
    if (!this._kept.has(path)) {
      const promise = read(path);
      this._kept.set(path, promise);
      promise.catch(() => this._kept.delete(path));
    }
    return this._kept.get(path);
  }

  /** The work if its chunk is here, else null. */
  known(row) {
    const chunk = this._works[Math.floor(row / this.manifest.chunk)];
    if (!chunk) return null;
    const at = row % this.manifest.chunk;
    const work = { row, extra: {} };
    for (const [key, values] of Object.entries(chunk)) if (key !== "extra") work[key] = values[at];
    for (const [key, values] of Object.entries(chunk.extra || {})) work.extra[key] = values[at];
    return work;
  }

  /** The work, read if need be. */
  async work(row) {
    const chunk = Math.floor(row / this.manifest.chunk);
    if (!this._works[chunk]) this._works[chunk] = await this._once(`data/works/${name(chunk)}.json`, json);
    return this.known(row);
  }

  works(rows) {
    return Promise.all(Array.from(rows, (row) => this.work(row)));
  }

  /** Reads all works, a chunk after the other. */
  async all() {
    for (let row = 0; row < this.n; row += this.manifest.chunk) await this.work(row);
  }

  /** The k nearest of a work: {rows, scores}. */
  async neighbours(space, row) {
    const { chunk } = this.manifest;
    const start = Math.floor(row / chunk) * chunk;
    const size = Math.min(chunk, this.n - start);
    const buffer = await this._once(`data/neighbours/${space}/${name(start / chunk)}.bin`, bytes);
    const width = buffer.byteLength / 8 / size; // fewer than k in a small collection
    const at = (row - start) * width;
    const rows = [...new Int32Array(buffer, 0, size * width).subarray(at, at + width)];
    const scores = [...new Float32Array(buffer, size * width * 4, size * width).subarray(at, at + width)];
    const real = rows.map((other) => other >= 0 && other < this.n);
    return { rows: rows.filter((_, i) => real[i]), scores: scores.filter((_, i) => real[i]) };
  }

  /** Shares of palette, texture, composition and subject for the work's nearest in the image space, or null. */
  async alike(row) {
    if (!this.manifest.alike) return null;
    const chunk = Math.floor(row / this.manifest.chunk);
    return (await this._once(`data/alike/${name(chunk)}.json`, json))[row % this.manifest.chunk] || null;
  }

  /** Address of a work's picture inside this folder. */
  picture(row) {
    return `pictures/${name(Math.floor(row / 1000))}/${row}.jpg`;
  }

  cell(row) {
    return this.cells ? this.cells[row] : row;
  }
}
