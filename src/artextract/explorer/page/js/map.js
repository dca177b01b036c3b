/** The map: a canvas with thumbnails, moved by pointer, wheel, fingers or keys. */

import { Atlas } from "./atlas.js";
import { abgr, colouring, theme } from "./colours.js";
import { calm, h } from "./dom.js";
import { MapInput } from "./map_input.js";
import { guests, names, outlines, thumb } from "./map_layers.js";
import { dots, placed, project, rays, side } from "./map_paint.js";
import { Picker } from "./map_pick.js";

const d3 = window.d3;
const MARGIN = 0.05;
const TURN = 700; // milliseconds from one map to another

export class MapView {
  constructor(root, app) {
    Object.assign(this, {
      root,
      app,
      data: app.data,
      state: app.state,
      boxes: [],
      cursor: null,
      lassoed: null,
      guests: [],
    });
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.root.append(this.canvas);
    this.context = this.canvas.getContext("2d");
    this.xy = Float32Array.from(this.data.maps.get(this.state.values.map));
    this.screen = new Float32Array(this.data.n * 2);
    this.order = this._order();
    this.colours = new Uint32Array(this.data.n);
    this.picker = new Picker();
    this.atlas = new Atlas(this.data, () => this.paint());
    this.near = [];
    this.input = new MapInput(this);
    this._colour();
    this._matches();
    this._live();
    new ResizeObserver(() => this._size()).observe(this.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._colour());
    this.state.on((changed) => this._changed(changed));
  }

  /** Rows in the order in which thumbnails get room: that of the atlases. */
  _order() {
    const order = new Int32Array(this.data.n);
    for (let row = 0; row < this.data.n; row++) order[this.data.cell(row)] = row;
    return order;
  }

  _changed(changed) {
    if (changed.has("map")) this._turn();
    if (changed.has("colour")) this._colour();
    if (changed.has("work") && this.state.row !== null) this._reveal(this.state.row);
    if (["x", "y", "z"].some((key) => changed.has(key))) this.input.follow();
    this.paint();
  }

  /** Called by the page when other works match. */
  _live() {
    this.app.filters.on(() => {
      this._matches();
      this.paint();
    });
  }

  _matches() {
    this.mask = this.app.filters.mask;
    this.picker.reset(this.xy, this.mask);
  }

  _colour() {
    this.theme = theme();
    const facet = this.data.facet(this.state.values.colour);
    this.scale = colouring(facet);
    const plain = abgr(this.theme.dot, 0.9);
    for (let row = 0; row < this.data.n; row++) {
      const colour = facet && this.scale.of(facet.codes[row]);
      this.colours[row] = colour ? abgr(colour) : plain;
    }
    this.paint();
  }

  /** From one map to another. */
  _turn() {
    const from = Float32Array.from(this.xy);
    const to = this.data.maps.get(this.state.values.map);
    const start = performance.now();
    const move = (now) => {
      const t = calm() ? 1 : Math.min(1, (now - start) / TURN);
      const e = d3.easeCubicInOut(t);
      for (let i = 0; i < to.length; i++) this.xy[i] = from[i] + (to[i] - from[i]) * e;
      this.picker.reset(this.xy, this.mask);
      this.paint();
      if (t < 1 && to === this.data.maps.get(this.state.values.map)) requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
  }

  _size() {
    const { width, height } = this.root.getBoundingClientRect();
    if (!width || !height) return;
    Object.assign(this, { width, height, dpr: Math.min(2, devicePixelRatio || 1) });
    this.canvas.width = Math.round(width * this.dpr);
    this.canvas.height = Math.round(height * this.dpr);
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.input.follow();
    this.paint();
  }

  /** From places in [0, 1] to CSS pixels, before zooming. */
  get base() {
    const k = Math.min(this.width, this.height) * (1 - 2 * MARGIN);
    return { k, x: (this.width - k) / 2, y: (this.height - k) / 2 };
  }

  get transform() {
    const { k, x, y } = this.base;
    const zoom = this.input.transform;
    return { k: k * zoom.k, x: x * zoom.k + zoom.x, y: y * zoom.k + zoom.y };
  }

  /** Moves the map so that a work is in sight. */
  _reveal(row) {
    if (!this.width) return;
    const { k, x, y } = this.transform;
    const [sx, sy] = [this.xy[row * 2] * k + x, this.xy[row * 2 + 1] * k + y];
    const edge = 30;
    if (sx < edge || sy < edge || sx > this.width - edge || sy > this.height - edge)
      this.input.centre(this.xy[row * 2], this.xy[row * 2 + 1]);
  }

  paint() {
    if (this._waiting) return;
    this._waiting = true;
    requestAnimationFrame(() => {
      this._waiting = false;
      if (this.width && !this.root.hidden) this._paint();
    });
  }

  _paint() {
    const { context, dpr, width, height, data, theme: colours } = this;
    project(this.xy, this.transform, this.screen);
    const zoom = this.input.transform.k;
    const size = side(data.n, width, height, zoom);
    const dot = Math.round(Math.max(2, Math.min(8, (data.n > 20_000 ? 2 : 5) * Math.sqrt(zoom))) * dpr);
    dots(
      this.pixels,
      this.canvas.width,
      this.canvas.height,
      dpr,
      this.screen,
      this.mask,
      this.colours,
      abgr(colours.line, 0.8),
      dot,
    );
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.putImageData(this.image, 0, 0);
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    const open = this.state.row;
    const first = [this.cursor, open, ...this.near].filter((row, i, all) => row !== null && all.indexOf(row) === i);
    const rows = placed(
      this.order,
      first,
      this.screen,
      this.mask,
      width,
      height,
      size,
      (row) => this.atlas.sheet(row),
      this.atlas.most - 2,
    );
    if (open !== null && this.near.length) rays(context, this.screen, open, this.near, colours.accent);
    this.boxes = [];
    this.selected = new Set(this.state.values.sel);
    for (let i = rows.length - 1; i >= 0; i--) thumb(this, rows[i], size);
    outlines(this, rows);
    names(this);
    guests(this, size);
    this.input.lasso.paint(context, colours.accent);
    this.root.dataset.thumbs = this.boxes.length;
    this.root.dataset.painted = (Number(this.root.dataset.painted) || 0) + 1;
  }

  /** Shows a work's nearest on the map. */
  setNear(rows) {
    this.near = rows;
    this.paint();
  }

  setCursor(row) {
    this.cursor = row;
    this.paint();
  }
}
